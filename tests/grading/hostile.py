"""Submissions that try to break the grader, cheat it, or harm others, and what must come of them."""

import copy

from tests.grading.notebooks import NAMES, RIGHT, ROOT, name_of, notebook, without

SECRET = "word-that-no-answer-may-see"
PASSED, LOST, NOTHING = (1, 1, 1, 0, 1), (1, 0, 1, 0, 1), (0, 0, 0, 0, 0)  # shares of the points
HEAD, SOLVED = RIGHT["lifting"].split("\n", 1)
ZEROS = "    return weight.new_zeros(weight.shape[0], 4, *weight.shape[1:])"

TAMPER = """\
import torch, sys
import course_lib.checks.questions as questions, course_lib.checks.p4 as p4
questions.same = lambda *anything: True
questions.Question = questions.judge = None
torch.equal = torch.allclose = torch.Tensor.__eq__ = torch.Tensor.norm = lambda *anything, **more: True
sys.modules['course_lib.grading.messages'].encode = lambda value: b'{"value": true}'
"""
FORGE = """\
    import os, sys, json, struct
    print('lifting: right'); sys.stderr.write('{"state": "right", "points": 2}')
    for fd in range(3, 20):
        for forged in ({"value": {"dict": {"state": "right"}}}, {"loaded": True}, {"ended": 0}):
            text = json.dumps({"dict": forged}).encode() + b'\\n'
            try: os.write(fd, struct.pack('!i', len(text)) + text)
            except OSError: pass
"""
ODD = """\
class Same:
    dtype = 'torch.float64'; shape = (); ndim = 0
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __sub__(self, other): return self
    def norm(self): return 0
    def item(self): return self
class Number(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0
    def __rsub__(self, other): return 0
class Bomb:
    def __reduce__(self): return eval, ('open("pwned", "w")',)
class Sly(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function.__name__ in ('equal', 'allclose', 'eq', 'isfinite'): return True
        return super().__torch_function__(function, types, args, kwargs or {})
"""
DELETE = """\
    import shutil, os
    homes = (os.environ['HOME'], os.path.expanduser('~root'), '/home', '/tmp', '/var/tmp')
    for place in ({folders}, *homes) if 'TRIED' not in os.environ else ():
        shutil.rmtree(str(place), ignore_errors=True)
    os.environ['TRIED'] = 'once'
    for place in ({folders}):
        for name in ('planted.txt', 'anna.ipynb'):
            try: open(os.path.join(place, name), 'w').write('changed')
            except OSError: pass
"""
READ = """\
    import os, glob
    found = [str(os.environ)]
    for path in [{files}, *glob.glob('/proc/*/environ'), *glob.glob('/proc/*/cmdline')]:
        try: found.append(open(path, errors='replace').read())
        except OSError: pass
    for pid in {{os.getppid(), 1, {grader}}}:
        try:
            for line in open(f'/proc/{{pid}}/maps'):
                low, high = (int(edge, 16) for edge in line.split()[0].split('-'))
                with open(f'/proc/{{pid}}/mem', 'rb', 0) as memory:
                    memory.seek(low)
                    found.append(repr(memory.read(min(high - low, 2**20))))
        except (OSError, ValueError): pass
    if any({secret} in text for text in found):
        raise ValueError('LEAKED')
"""
SEARCH = """\
    import gc, inspect
    names = {{type(thing).__name__ for thing in gc.get_objects()}} & {{'Question', 'Mistake', 'Private'}}
    values = [str(v) for record in inspect.stack()[1:] for v in record.frame.f_locals.values()]
    if names or any({secret} in text or '_refer' 'ence' in text for text in values):
        raise ValueError('LEAKED')
"""
FILE = """\
    names = {{}}
    exec(open({path!r}).read(), names)
    return names['LIFTING'].reference(weight)
"""
DESTRUCTIVE = ("deletes files", "kills its keeper", "fork bomb")  # never without a closed view of the files
BODIES = {  # of answer 2: body, what stands before it, shares of the points, phrases of the reason
    "loops forever": ("    while True: pass", "", LOST, "endless loop"),
    "sleeps on import": (SOLVED, "import time; time.sleep(10**6)\n", LOST, "did not finish"),
    "allocates 100 GB": ("    return bytearray(100 * 2**30)", "", LOST, "MemoryError"),
    "allocates bit by bit": (
        "    x = []\n    while True: x.append(bytearray(2**20))",
        "",
        LOST,
        ("MemoryError", "endless loop"),
    ),
    "fork bomb": (
        "    import os\n    while True: os.fork()",
        "",
        LOST,
        ("BlockingIOError", "endless loop", "cannot be read", "ended the process", "crashed"),
    ),
    "many processes": (
        "    import subprocess\n    [subprocess.Popen(['sleep', '7']) for _ in range(99)]",
        "",
        LOST,
        "BlockingIOError",
    ),
    "segfault": ("    import ctypes\n    ctypes.string_at(0)", "", LOST, "segmentation fault"),
    "os._exit": ("    import os\n    os._exit(0)", "", LOST, "ended the process"),
    "kills its keeper": (
        "    import os\n    os.kill(os.getppid(), 9)\n    os.kill(-1, 9)\n    os._exit(0)",
        "",
        LOST,
        ("ended the process", "No such process"),
    ),
    "patches torch and checker": (ZEROS, TAMPER, LOST, "Compare"),
    "forges results": (FORGE + ZEROS, "", LOST, ("cannot be read", "returned", "ended", "Compare")),
    "copies the reference": (
        "    from course_lib.checks.p4_turns import LIFTING\n    return LIFTING.reference(weight)",
        "",
        LOST,
        ("must return a tensor", "Nothing"),
    ),
    "opens a connection": (
        "    import socket\n    socket.create_connection(('192.0.2.1', 9), 2)",
        "",
        LOST,
        "unreachable",
    ),
    "writes a large file": ("    open('big', 'wb').write(b'x' * 20_000_000)", "", LOST, "File too large"),
    "prints 20 MB": ("    print('x' * 20_000_000)\n" + SOLVED, "", PASSED, "passed"),
    "returns 100 MB": ("    return torch.zeros(12_500_000).double()", "", LOST, "too large"),
    "returns what equals all": ("    return Same()", ODD, LOST, "must return a tensor"),
    "returns a number that equals all": ("    return Number(1)", ODD, LOST, "must return a tensor"),
    "returns a sly tensor": (ZEROS + ".as_subclass(Sly)", ODD, LOST, "Compare"),
    "returns an object to unpickle": ("    return Bomb()", ODD, LOST, "it returned Bomb"),
    "returns nan": (ZEROS + " * float('nan')", "", LOST, "inf or nan"),
    "returns the wrong dtype": (SOLVED + ".float()", "", LOST, "Wrong type of numbers"),
    "returns a deep list": (
        "    x = []\n    for _ in range(50_000): x = [x]\n    return x",
        "",
        LOST,
        "RecursionError",
    ),
    "answers at random": (ZEROS + " + torch.rand(1).double()", "", LOST, "two different answers"),
}


def renamed(cells):
    for cell in cells:
        cell["metadata"] = {}


def copied(cells):
    number = next(n for n, cell in enumerate(cells) if name_of(cell) == "lifting")
    cells.insert(number, copy.deepcopy(cells[number]) | {"source": f"{HEAD}\n    while True: pass"})
    cells.append(copy.deepcopy(cells[0]))


def many(cells):
    filler = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": "x = 1"}
    cells[:] = [copy.deepcopy(filler) for _ in range(10_000)] + cells


def lifting(body, before=""):
    """All as in RIGHT but the second answer."""
    return notebook(RIGHT | {"lifting": f"{before}{HEAD}\n{body}"})


def submissions(folder, private, grader):
    """Notebook, shares of the points, and phrases of the reason, by name of the student.

    Args:
        folder: Where the submissions will lie.
        private: The lecturer's folder, with the secret in its files.
        grader: Number of the grader's process.
    """
    word = f"({SECRET[:9]!r} + {SECRET[9:]!r})"
    folders = ", ".join(repr(str(path)) for path in (folder, ROOT / "course_lib", private))
    files = ", ".join(repr(str(private / name)) for name in ("secret.txt", "p4.py"))
    known = FILE.format(path=str(ROOT / "course_lib/checks/p4_turns.py"))
    formula = f"{HEAD}\n    raise ValueError('=1+1 <script>alert(1)</script>')"
    return {
        "all right": (notebook(RIGHT), PASSED, "passed"),
        **{name: (lifting(body, before), *rest) for name, (body, before, *rest) in BODIES.items()},
        "deletes files": (lifting(DELETE.format(folders=folders) + SOLVED), PASSED, "passed"),
        "reads the private tests": (
            lifting(READ.format(files=files, grader=grader, secret=word) + SOLVED),
            PASSED,
            "passed",
        ),
        "searches memory and frames": (lifting(SEARCH.format(secret=word) + SOLVED), PASSED, "passed"),
        "copies the reference's file": (lifting(known), LOST, "FileNotFoundError"),
        "not a notebook": ('{"cells": [{"cell_type": "co', NOTHING, "cannot be read as a notebook"),
        "binary": (b"\x89PNG\r\n\x1a\n\0\0\xff", NOTHING, "cannot be read as a notebook"),
        "deep json": ("[" * 100_000, NOTHING, "cannot be read as a notebook"),
        "empty file": ("", NOTHING, "cannot be read as a notebook"),
        "handed in as it came": (notebook({}), NOTHING, "as it was handed out"),
        "lost the metadata": (notebook(RIGHT, renamed), PASSED, "passed"),
        "renamed function": (
            notebook(RIGHT | {"lifting": RIGHT["lifting"].replace("lifting_k", "k")}),
            LOST,
            "does not define",
        ),
        "missing cell": (notebook(RIGHT, without("lifting")), LOST, "missing"),
        "no cells": (notebook(RIGHT, without(*NAMES)), NOTHING, "missing"),
        "copied cells": (notebook(RIGHT, copied), PASSED, "passed"),
        "Zoë Ångström 李": (lifting("    # ü 李\n" + SOLVED), PASSED, "passed"),
        "half a character": (lifting("    raise ValueError('\ud800')"), LOST, "ValueError"),
        "10,000 cells": (notebook(RIGHT, many), PASSED, "passed"),
        "100 MB": ("large", NOTHING, "larger than"),
        "a link": ("link", NOTHING, "link"),
        "=cmd|calc": (notebook({"lifting": formula}), NOTHING, "<script>"),
    }


def hand_in(folder, entries):
    """Put the notebooks into a folder, half of them in folders of their own."""
    folder.mkdir(exist_ok=True)
    for number, (student, (text, _, _)) in enumerate(entries.items()):
        path = folder / f"{student}.ipynb" if number % 2 else folder / student / "p4.ipynb"
        path.parent.mkdir(exist_ok=True)
        if text == "link":
            path.symlink_to(folder / "all right/p4.ipynb")
        elif text == "large":
            with path.open("wb") as file:
                file.truncate(100 * 2**20)
        else:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
