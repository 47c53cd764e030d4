# One interpreter of an installed az for a whole run of the tests: every `az` is a fork of it. Each has the arguments, environment,
# folder, umask and files of its caller and imports az itself afresh; what has been imported before are only the packages that az
# stands on, which take most of a command's time and read nothing of the environment while they are imported.
# `server.py SOCKET`: ends when its standard input does.
import array
import atexit
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
import time

# Az reads where its configuration lies while it is imported, so these are never imported here.
OF_AZ = ("azure.cli", "knack", "__main__", "__mp_main__")
MOST = 1 << 20


def receive(connection):
    """What a caller sends, with its standard files."""
    files = array.array("i")
    data, ancillary, _, _ = connection.recvmsg(MOST, socket.CMSG_SPACE(3 * files.itemsize))
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            files.frombytes(content)
    size, _, rest = data.partition(b"\n")
    while len(rest) < int(size):
        more = connection.recv(MOST)
        if not more:
            raise EOFError
        rest += more
    return json.loads(rest), list(files)


def run(call, files, report):
    """In the fork: az, as `python -m azure.cli` runs it. Ends the process."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(call["env"])
    os.environ.setdefault("AZ_INSTALLER", "PIP")  # as the installed command does
    os.chdir(call["cwd"])
    os.umask(call["umask"])
    time.tzset()
    sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in os.environ
    sys.path.insert(0, call["cwd"])
    sys.argv = ["az", *call["args"]]
    before = set(sys.modules)
    code = 0
    try:
        runpy.run_module("azure.cli", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:  # as the interpreter ends
        sys.excepthook(*sys.exc_info())
        code = 1
    names = [name for name in sys.modules if name not in before and not name.startswith(OF_AZ)]
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = code or 120
    try:
        with os.fdopen(report, "w") as out:
            json.dump(names, out)
    finally:
        os._exit(code & 255)


def learn(report):
    """The next fork finds imported what this one had to import."""
    with os.fdopen(report) as read:
        told = read.read()
    for name in json.loads(told) if told else []:
        if name in sys.modules or threading.active_count() > 1:
            continue
        try:
            importlib.import_module(name)
        except Exception:  # one that can be imported in another order only: az imports it itself
            pass


def serve(path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(64)
    chosen = selectors.DefaultSelector()
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    chosen.register(listener, selectors.EVENT_READ)
    chosen.register(woken, selectors.EVENT_READ)
    chosen.register(0, selectors.EVENT_READ)
    print("listening", flush=True)
    running = {}

    def begin():
        connection, _ = listener.accept()
        try:
            call, files = receive(connection)
        except (EOFError, OSError, ValueError):
            connection.close()
            return
        read, write = os.pipe()
        gc.freeze()
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for other in (listener, connection, *(each for each, _ in running.values())):
                other.close()
            chosen.close()
            for end in (read, woken, wake):
                os.close(end)
            run(call, files, write)
        os.close(write)
        for file in files:
            os.close(file)
        running[pid] = (connection, read)
        chosen.register(connection, selectors.EVENT_READ, pid)

    def reap():
        try:
            os.read(woken, 4096)
        except BlockingIOError:
            pass
        while running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            connection, report = running.pop(pid)
            chosen.unregister(connection)
            try:
                connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            except OSError:
                pass  # the caller has gone meanwhile
            connection.close()
            learn(report)

    while True:
        for key, _ in chosen.select():
            if key.fileobj is listener:
                begin()
            elif key.fileobj == woken:
                reap()
            elif key.fileobj == 0:
                for pid in running:
                    os.kill(pid, signal.SIGKILL)
                return
            elif key.data in running:
                # The caller was killed: az goes with it.
                os.kill(key.data, signal.SIGKILL)


serve(sys.argv[1])
