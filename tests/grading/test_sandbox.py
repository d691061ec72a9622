"""The process of the answers: what it can see and do, and what happens when it fails."""

import inspect
import os
import shutil
import subprocess
import sys
import time

import pytest

from course_lib.checks.calling import AnswerError
from course_lib.grading.isolation import FIRST_USER, Isolation, find_isolation
from course_lib.grading.sandbox import Limits, Sandbox
from course_lib.grading.stand_ins import Nothing, helpers_of
from tests.grading.notebooks import ROOT

pytestmark = pytest.mark.slow

ISOLATION = find_isolation()
EVALUATE = "import os, glob, socket\ndef f(text):\n    return str(eval(text))"
closed = pytest.mark.skipif(not ISOLATION.files, reason="mount namespaces are not permitted here")
as_root = pytest.mark.skipif(
    not Isolation(users=os.name == "posix" and os.getuid() == 0).users, reason="only root has other users"
)


def ask(isolation, *questions, hidden=()):
    """Values of expressions in the process of the answers, or what they raised."""
    sandbox = Sandbox(Limits(30), isolation, user=FIRST_USER + 50, hidden=hidden)
    try:
        sandbox.load("f", EVALUATE, [])
        found = []
        for question in questions:
            try:
                found.append(sandbox.call(question))
            except AnswerError as error:
                found.append(str(error))
        sandbox.finish()
        return found
    finally:
        sandbox.kill()


@closed
def test_an_answer_sees_an_empty_folder_the_library_and_nothing_else():
    checks, tests = ROOT / "course_lib/checks", ROOT / "tests"
    places = [f"os.path.exists({str(path)!r})" for path in (tests, ROOT / "solutions", ROOT / ".git", ROOT)]
    listed, *seen, inner, own, user, memory, processes, network, write = ask(
        ISOLATION,
        f"os.listdir({str(checks)!r})",
        *places,
        "os.listdir('/tmp')",
        "os.getcwd()",
        "os.getuid()",
        "open('/proc/1/mem', 'rb')",
        "sorted(int(p.split('/')[2]) for p in glob.glob('/proc/[0-9]*'))",
        "os.listdir('/sys/class/net') if os.path.exists('/sys') else socket.if_nameindex()",
        f"open({str(ROOT / 'course_lib/planted')!r}, 'w')",
        hidden=[ROOT / "tests"],
    )
    way = [ROOT.parts[2]] if ROOT.parts[1] == "tmp" else []  # to the library, if it lies there
    assert (listed, seen, inner, own) == ("[]", ["False", "False", "False", "True"], str(way), "/tmp")
    assert user != "0" or not ISOLATION.users
    assert len(eval(processes)) <= 2 and "lo" in network
    assert "Read-only" in write or "denied" in write
    assert "PermissionError" in memory or "BufferedReader" in memory  # of its own keeper, which holds nothing


@closed
def test_folders_are_hidden_even_within_what_is_shown():
    layers = str(ROOT / "course_lib/layers")
    assert ask(ISOLATION, f"os.listdir({layers!r})", hidden=[ROOT / "course_lib/layers"]) == ["[]"]


@closed
def test_an_answer_cannot_ask_the_checks_or_make_namespaces():
    solved, made, data = ask(
        ISOLATION,
        "type(__import__('course_lib.checks.p4', fromlist=['x']).QUESTIONS).__name__",
        "os.system('unshare --user --map-root-user true')",
        "callable(__import__('course_lib.actions', fromlist=['x']).act)",
    )
    assert (solved, data) == ("Nothing", "True") and made != "0"


@as_root
def test_without_namespaces_an_answer_is_another_user_and_changes_nothing(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "grades.csv").write_text("anna,10")
    weak = Isolation(users=True)
    user, written, sent, solved = ask(
        weak,
        "os.getuid()",
        f"open({str(tmp_path / 'grades.csv')!r}, 'w')",
        f"os.kill({os.getpid()}, 9)",
        "type(__import__('course_lib.checks.p4', fromlist=['x']).QUESTIONS).__name__",
    )
    assert int(user) == FIRST_USER + 50 and "denied" in written and "not permitted" in sent
    assert solved == "Nothing"
    assert (tmp_path / "grades.csv").read_text() == "anna,10"


@as_root
def test_without_namespaces_what_hides_from_its_parent_is_ended(tmp_path):
    sandbox = Sandbox(Limits(30), Isolation(users=True), user=FIRST_USER + 51)
    start = "subprocess.Popen(['sleep', '99'], start_new_session=True)"
    hide = f"import subprocess\ndef f():\n    return {start}.pid"
    sandbox.load("f", hide, [])
    pid = sandbox.call()
    assert os.path.exists(f"/proc/{pid}")
    sandbox.kill()
    end = time.monotonic() + 10
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < end:
        time.sleep(0.05)
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    assert not state.strip() or state.startswith("Z")


def test_isolation_says_what_holds(monkeypatch):
    strong, users, weak = (
        Isolation(("unshare",), files=True, users=True),
        Isolation(users=True),
        Isolation(),
    )
    assert "namespaces" in strong.describe()[0] and "no network" in strong.describe()[1]
    assert "process limits only" in users.describe()[0] and "another user" in users.describe()[2]
    assert "not cut off" in weak.describe()[1] and "change your files" in weak.describe()[2]
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert find_isolation().prefix == ()


def test_a_process_that_does_not_start_is_an_error_of_the_machine(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    sandbox = Sandbox(Limits(), Isolation())
    with pytest.raises(OSError, match="did not start"):
        sandbox.start()
    assert sandbox.process is None


def test_a_call_after_the_end_is_an_answer_that_failed():
    with pytest.raises(AnswerError, match="ended the process"):
        Sandbox(Limits(), Isolation()).call(1)


def test_stand_ins_are_called_shown_and_gone_through():
    nothing = Nothing()
    assert f"{nothing():7.1e}" == "" and list(nothing) == []


@pytest.mark.parametrize("unit", ["p4", "groups", "measuring", "unet", "lieconv", "points"])
def test_helpers_of_a_unit_run_without_their_modules_and_reach_no_reference(unit):
    helpers = helpers_of(unit)
    assert helpers and "hint" not in helpers
    waiting, seen = [*helpers.values()], set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        assert type(value).__name__ not in ("Question", "Mistake") and "reference" not in getattr(
            value, "__name__", ""
        )
        function = inspect.unwrap(value) if callable(value) else None
        if getattr(function, "__module__", "") == "handed_out":
            waiting += function.__globals__.values()
        elif inspect.isfunction(function):
            assert not function.__module__.startswith("course_lib.checks")


def test_helpers_give_what_they_give_in_a_notebook():
    assert helpers_of("p4")["measured_error"](8, ["pool"]) < 1e-12
    assert helpers_of("groups")["d4_table"]()[0] == tuple(range(8))
    assert helpers_of("no_such_unit") == {}
