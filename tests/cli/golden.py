#!/usr/bin/env python3
"""Compares what the command line prints with the texts in this folder.

    tests/cli/golden.py OPS_AGENT             compare; exits 1 and shows the difference
    tests/cli/golden.py OPS_AGENT --update    write what it prints now (then read the diff)

A *.golden file is a list of commands with what they print and, unless it is 0, how they exit:

    $ ops-agent incidents --state open
    ...
    [exit 3]

`$ [80] ops-agent ...` runs it on a terminal of 80 columns, `$ cat FILE` shows a file. All run in a folder with the
records that a simulated agent left behind, of NAME.scn for NAME.golden where there is one, else of recorded.scn, so
that every time and id in them is the same each time; "now" is a fixed moment after it. Words that differ from build
to build are masked.
"""
import difflib
import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import threading

HERE = pathlib.Path(__file__).resolve().parent
NOW = "2026-01-29T15:12:00Z"
TIMED = {"status", "silences", "incidents", "show", "actions", "alerts", "report", "brain"}
COMMAND = re.compile(r"^\$ (?:\[(\d+)\] )?ops-agent(.*)$")
CAT = re.compile(r"^\$ cat (\S+)$")
END = b"\0the end\0"
CLOCK = re.compile(r"the clock says [0-9TZ:.-]+")
BUILD = re.compile(r"ops-agent (\S+) \(commit [^,]+, [^)]+\)")


def on_terminal(argv, columns, folder, environment):
    """The output and exit code of a program that believes it is on a terminal."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(argv, cwd=folder, env=environment, stdin=follower, stdout=follower,
                               stderr=follower, close_fds=True)

    def mark_the_end():
        process.wait()
        os.write(follower, END)

    # This side stays open until all is read: once the last writer has closed, Linux may say "end" (EIO) while
    # what was written is still on its way, and the output would lack its last lines.
    marker = threading.Thread(target=mark_the_end)
    marker.start()
    output = b""
    while not output.endswith(END):
        output += os.read(leader, 65536)
    marker.join()
    os.close(follower)
    os.close(leader)
    return output.removesuffix(END).decode().replace("\r\n", "\n"), process.returncode


def run(program, words, columns, folder):
    environment = {"PATH": os.environ["PATH"], "TZ": "UTC", "NO_COLOR": "1", "HOME": str(folder)}
    argv = [str(program)] + words
    if words and words[0] in TIMED and "--help" not in words:
        argv += ["--now", NOW]
    if columns:
        output, code = on_terminal(argv, columns, folder, environment)
    else:
        done = subprocess.run(argv, cwd=folder, env=environment, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, code = done.stdout, done.returncode
    output = output.replace(str(folder), "FOLDER")
    if words and words[0] == "doctor":
        output = CLOCK.sub("the clock says NOW", output)
    if words and words[0] == "version":
        output = BUILD.sub(r"ops-agent \1 (commit COMMIT, BUILD)", output)
    return "".join(line.rstrip() + "\n" for line in output.splitlines()), code


def split_words(text):
    import shlex
    return shlex.split(text)


def replay(program, golden, folder):
    """The golden file as it would be written now."""
    out = []
    for line in golden.read_text().splitlines():
        command, cat = COMMAND.match(line), CAT.match(line)
        if cat:
            out.append(line + "\n" + (folder / cat.group(1)).read_text())
        if not command:
            continue
        columns = int(command.group(1)) if command.group(1) else 0
        output, code = run(program, split_words(command.group(2)), columns, folder)
        out.append(line + "\n" + output + (f"[exit {code}]\n" if code else ""))
    return "\n".join(out)


def recorded(program, script, folder):
    """A folder as the agent of this scenario leaves it, with what is given beside the goldens."""
    folder.mkdir()
    subprocess.run([program, "simulate", script, "--keep", folder], check=True, stdout=subprocess.DEVNULL)
    for given in [*HERE.glob("*.yaml"), *HERE.glob("*.jsonl")]:
        (folder / given.name).write_text(given.read_text())
    return folder


def main(arguments):
    program = pathlib.Path(arguments[0]).resolve()
    update = "--update" in arguments
    worst = 0
    goldens = sorted(HERE.glob("*.golden"))
    if not goldens:
        sys.exit("golden.py: no *.golden here")
    with tempfile.TemporaryDirectory() as name:
        folders = {}
        for golden in goldens:
            script = golden.with_suffix(".scn") if golden.with_suffix(".scn").exists() else HERE / "recorded.scn"
            if script not in folders:
                folders[script] = recorded(program, script, pathlib.Path(name) / script.stem)
            now = replay(program, golden, folders[script])
            if update:
                golden.write_text(now)
            elif now != golden.read_text():
                worst = 1
                sys.stdout.writelines(difflib.unified_diff(
                    golden.read_text().splitlines(True), now.splitlines(True),
                    f"{golden.name} (expected)", f"{golden.name} (printed)"))
    print("golden: " + ("differences; if they are meant: tests/cli/golden.py OPS_AGENT --update"
                        if worst else "written" if update else f"{len(goldens)} files as expected"))
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
