"""Grading of handed-in notebooks: ``python -m course_lib grade SUBMISSIONS --tests PRIVATE``.

A student's answer cells run in a process of their own; the process that decides on the
points never runs a line of theirs. It sends arguments, receives numbers, and compares
them with its own reference. An answer that patches the checks, torch or course_lib
therefore patches only its own process.

Why not nbgrader alone: it runs the tests beside the answers in one kernel, where an
answer can change them, and it is no sandbox; copied or lost cells stop it. The units
keep nbgrader's cell metadata and markers, so that who uses nbgrader can load them.

What protects the lecturer's machine: limits on time, memory, processes, open files and
file size, a clean environment, and on Linux no network, a process tree that dies with
its root, and a file system in which nothing exists but Python, the library without its
checks, and an empty folder. Where the system does not permit that, the command says so.
To grade strangers, use a container or a virtual machine that you can throw away.
"""
