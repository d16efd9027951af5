"""Runs the contestants in turn and prints what a record cost each: compare.py DIR ROUNDS, DIR being where run put the
programs."""

import signal
import statistics
import subprocess
import sys

DIR, ROUNDS = sys.argv[1], int(sys.argv[2])
WRITE, READ = "250000", "250000"  # records a round
GO_WARM_UP = "100000"
JAVA = ["java", f"-Djava.io.tmpdir={DIR}", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", f"{DIR}/classes:{DIR}/lib/*"]

SERVERS = ("Dynamo", f"{DIR}/server")  # which run until they are told to end

started = []


def start(command):
    """Starts a program, to be ended when this one ends."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    started.append(process)
    return process


def line(process):
    answer = process.stdout.readline().strip()
    if not answer:
        sys.exit(f"{process.args}: ended")
    return answer


class Kept:
    """A program that does a round for each line it gets. The first ones only warm it up: its machine code is made, and
    made better, while it runs."""

    def __init__(self, warm_up, *command):
        self.process = start(command)
        self.warm_up = warm_up

    def ready(self):
        for _ in range(self.warm_up):
            self.round()

    def round(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return [int(n) for n in line(self.process).split()]


class Fresh:
    """A program that is started for each round: it needs no warm-up."""

    def __init__(self, *command):
        self.command = command

    def ready(self):
        pass

    def round(self):
        return [int(n) for n in subprocess.check_output(self.command, text=True).split()]


def ours(what, port, form, encoding, count):
    return Fresh(f"{DIR}/ours", what, port, form, encoding, GO_WARM_UP, count)


def compare(title, contestants):
    """Alternates the contestants. The first is what the others are measured by."""
    for contestant in contestants.values():
        contestant.ready()
    rounds = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, contestant in contestants.items():
            rounds[name].append(contestant.round())
    print(title)
    base = None
    for name, costs in rounds.items():
        parts = [statistics.median(part) for part in zip(*costs)]
        base = base or parts[0]
        total = [cost[0] for cost in costs]
        java = f", of it {parts[1]:.0f} in Java" if len(parts) > 1 else ""
        print(f"  {name:24} {parts[0]:8.0f} ns  {parts[0] / base:6.3f} x   ({min(total)} to {max(total)}{java})", flush=True)


def main():
    port = line(start([f"{DIR}/server"]))
    dynamo = line(start([JAVA[0], f"-Dsqlite4java.library.path={DIR}/lib", *JAVA[1:], "Dynamo"]))
    # KCL takes a minute to begin, most of it asleep: the others are measured meanwhile.
    kcl = {form: Kept(2, *JAVA, "Kcl", port, dynamo, form, READ) for form in ("plain", "aggregated")}
    for form in ("plain", "aggregated"):
        compare(f"write values of 200 bytes, {form}", {
            "KPL": Kept(4, *JAVA, "Kpl", port, form, WRITE),
            "kstream, JSON": ours("put", port, form, "json", WRITE),
            "kstream, CBOR": ours("put", port, form, "cbor", WRITE),
        })
    for form in ("plain", "aggregated"):
        compare(f"read records of 400 bytes, {form}", {
            "KCL": kcl[form],
            "kstream, JSON": ours("get", port, form, "json", READ),
            "kstream, CBOR": ours("get", port, form, "cbor", READ),
        })


def stop():
    """Ends all that was started. A program of KPL's ends its daemon when its input ends; it gets time for that."""
    for process in reversed(started):
        process.stdin.close()
        if process.args[-1] in SERVERS:
            process.terminate()
    for process in reversed(started):
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


signal.signal(signal.SIGTERM, lambda *_: sys.exit("took too long"))
try:
    main()
finally:
    stop()
