#!/usr/bin/python3
"""A stand-in for a small HTTP service that can be told to misbehave.

    service.py restart FOLDER NAME PORT   ends the one of NAME.pid, starts anew, returns when it listens
    service.py stop FOLDER NAME PORT

GET /health answers 200. POST /break/MODE makes the running process answer 500, hang, eat memory (300 MB at
most) or flood its log; a restart cures it. While the file NAME.broken exists it answers 500 whatever is done.
"""
import os
import signal
import socket
import sys
import threading
import time

EATEN_AT_MOST_MB = 300
FLOOD_SECONDS = 60
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{\"status\":\"ok\"}"
BAD = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 6\r\nConnection: close\r\n\r\nbroken"


class Service:
    def __init__(self, folder, name, port):
        self.name = name
        self.pidfile = os.path.join(folder, name + ".pid")
        self.log = os.path.join(folder, name + ".log")
        self.broken = os.path.join(folder, name + ".broken")
        self.port = int(port)
        self.mode = "ok"
        self.eaten = []

    def running_pid(self):
        try:
            with open(self.pidfile) as file:
                pid = int(file.read())
            with open("/proc/%d/cmdline" % pid, "rb") as file:
                words = file.read().split(b"\0")
        except (OSError, ValueError):
            return None
        # A number that was given to another process meanwhile is left alone.
        return pid if self.pidfile.rsplit("/", 1)[0].encode() in words and self.name.encode() in words else None

    def stop(self):
        pid = self.running_pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGKILL)
        while self.running_pid() is not None:
            time.sleep(0.002)

    def start(self):
        reader, writer = os.pipe()
        if os.fork() > 0:
            os.close(writer)
            return 0 if os.read(reader, 1) == b"1" else 1
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.bind(listener)
        listener.listen(64)
        with open(self.pidfile + ".new", "w") as file:
            file.write("%d\n" % os.getpid())
        os.rename(self.pidfile + ".new", self.pidfile)
        os.write(writer, b"1")
        os.close(writer)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def bind(self, listener):
        for _ in range(200):  # the one that was killed may hold the port until its memory is given back
            try:
                return listener.bind(("127.0.0.1", self.port))
            except OSError:
                time.sleep(0.01)
        sys.exit("port %d is taken" % self.port)

    def answer(self, connection):
        with connection:
            try:
                line = connection.recv(4096).split(b"\r\n", 1)[0].decode("latin-1").split(" ")
                if line[0] == "POST" and line[1].startswith("/break/"):
                    self.misbehave(line[1][len("/break/"):])
                    connection.sendall(OK)
                    return
                if self.mode == "hang":
                    time.sleep(3600)
                bad = self.mode == "500" or os.path.exists(self.broken)
                connection.sendall(BAD if bad else OK)
            except (OSError, IndexError):
                pass

    def misbehave(self, mode):
        self.mode = mode
        if mode == "eat":
            threading.Thread(target=self.eat, daemon=True).start()
        if mode == "flood":
            threading.Thread(target=self.flood, daemon=True).start()

    def eat(self):
        for _ in range(EATEN_AT_MOST_MB // 10):
            self.eaten.append(b"x" * (10 << 20))
            time.sleep(0.05)

    def flood(self):
        for round_number in range(FLOOD_SECONDS * 10):
            text = "".join("error: connection %d refused by upstream\n" % n for n in range(50))
            os.write(1, text.encode())
            time.sleep(0.1)


def main():
    if len(sys.argv) != 5 or sys.argv[1] not in ("restart", "stop"):
        print(__doc__, file=sys.stderr)
        return 2
    service = Service(*sys.argv[2:])
    service.stop()
    return service.start() if sys.argv[1] == "restart" else 0


sys.exit(main())
