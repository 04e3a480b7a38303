# SPDX-License-Identifier: MIT
"""The checks of a scenario once it is built."""

import concurrent.futures
import itertools
import json
import os
import pathlib
import platform
import re
import signal
import subprocess
import time
import urllib.parse
import urllib.request

import clients
import explained
from certificates import NAME
from image import REPOSITORY, TAG
from network import ADDRESSES, move_to_pod, restart_nat
from servers import resolvers
from stopwatch import Stopwatch

TIMEOUT = 3.0
IMAGE_TIMEOUT = 6.0  # a check of an image takes nine exchanges, one after the other
EMULATOR_TAKES = 4  # times as long
MACHINES = {0x3e: "x86_64", 0xb7: "aarch64"}  # of ELF
START_ALLOWANCE = 5.0
PATIENCE = 60.0
PULL_FAILS_AFTER = 5.0  # a pull that must fail and still waits has failed
PULL_PATIENCE = 60.0  # one that must succeed may have to wait for the machine
STATUSES = {"ok": 0, "warn": 1, "fail": 2, "unknown": 3}
CONTROLS = {
    "vpc": f"vpc={ADDRESSES['service']}:443",
    "vpc-by-name": "vpc=service.vpc.example:443",
    "vpc-of-profile": None,  # the profile names it; here it is served
    "internet": f"internet={ADDRESSES['internet']}:443",
    "internet2": f"internet={ADDRESSES['internet2']}:443",
    "internet-by-name": "internet=www.baidu.com:443",
}
LISTS = ("--control", "--host-resolver", "--provider-range", "--private-range")
TIMES = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d+ s\b")  # in a summary
# A pod runs it like this: as nobody, without a capability and without a way to get one.
UNPRIVILEGED = ["unshare", "-U", "--map-user=65532", "--map-group=65532",
                "setpriv", "--no-new-privs"]


def target_of(scenario):
    """The probe's TARGET, and the host that clients pull from."""
    if "literal" in scenario:
        address = ADDRESSES[scenario["literal"]]
        host = f"[{address}]" if ":" in address else address
        return host, host
    target = scenario.get("target", "acme-prod")
    host = NAME if target == "acme-prod" else target
    if "port" in scenario.get("registry", {}):
        host += f":{scenario['registry']['port']}"
    return f"{host}/{scenario['image']}" if "image" in scenario else target, host


def reference_of(scenario):
    """The image that clients pull."""
    target, host = target_of(scenario)
    return target if "image" in scenario else f"{host}/{REPOSITORY}:{TAG}"


def is_emulated(probe):
    """An emulator runs the program, because it is for another machine."""
    header = pathlib.Path(probe).read_bytes()[:20]
    return MACHINES.get(int.from_bytes(header[18:20], "little"), platform.machine()) != platform.machine()


def timeout_of(scenario):
    return (IMAGE_TIMEOUT if "image" in scenario else TIMEOUT) * scenario.get("slower", 1)


def options_of(scenario, folder):
    options = ["--ca-file", str(folder / "ca.pem"), "--timeout", f"{int(timeout_of(scenario))}s"]
    if (folder / "docker-config.json").exists():
        options += ["--docker-config", str(folder / "docker-config.json")]
    if "profile" in scenario:
        options += ["--profile", scenario["profile"]]
    else:
        for address, _ in resolvers(scenario)[1]:
            options += ["--host-resolver", address]
    for name in scenario.get("controls", ()):
        options += ["--control", CONTROLS[name]] if CONTROLS[name] else []
    if "mirrors" in scenario:
        options += ["--profile", "node", "--host-root", str(folder / "node")]
    if "linkage" in scenario:
        options += ["--linkage-address", ADDRESSES[scenario["linkage"]]]
    if scenario.get("egress_address"):
        options += ["--egress-address-url", "http://echo.example.net/"]
    return options + scenario.get("options", [])


def environment_of(scenario, folder):
    """The same by the environment's twins, for a person in the pod; the timeout is theirs to set."""
    twins = {}
    for option, value in itertools.pairwise([*options_of(scenario, folder), "--"]):
        if option.startswith("--") and option != "--timeout":
            twin = "TCR_PROBE_" + option.removeprefix("--").replace("-", "_").upper()
            value = "true" if value.startswith("--") else value
            listed = option in LISTS and twin in twins
            twins[twin] = f"{twins[twin]},{value}" if listed else value
    return twins


# ---- check ----


def judge(scenario, target):
    """Differences between a target's report and the scenario."""
    found = target["findings"]
    expected = [scenario["cause"], *scenario.get("also", [])]
    if [finding["cause"] for finding in found] != expected or target["cause"] != expected[0]:
        yield f"findings {' '.join(finding['cause'] for finding in found)}, " \
              f"not {' '.join(expected)}"
        return
    if target["status"] != scenario["status"]:
        yield f"status {target['status']}, not {scenario['status']}"
    if found[0]["severity"] != scenario["status"]:
        yield f"severity {found[0]['severity']}, not {scenario['status']}"
    if found[0]["confidence"] != scenario["confidence"]:
        yield f"confidence {found[0]['confidence']}, not {scenario['confidence']}"
    if scenario["remedy"] not in "\n".join(found[0]["remedy"]):
        yield f"no remedy says \"{scenario['remedy']}\": {found[0]['remedy']}"


def check_once(scenario, probe, folder, saved, watch):
    begin = time.monotonic()
    result = subprocess.run([*UNPRIVILEGED, *scenario.get("with", []), probe, "check", "--format",
                             "json", *options_of(scenario, folder), target_of(scenario)[0]],
                            capture_output=True, text=True)
    took = time.monotonic() - begin
    try:
        target = json.loads(result.stdout)["targets"][0]
    except (ValueError, KeyError, IndexError):
        return None, took, [f"no report: {result.stderr.strip()}"]
    saved.write_text(result.stdout)
    wrong = list(judge(scenario, target))
    if result.returncode != STATUSES[scenario["status"]]:
        wrong.append(f"exit status {result.returncode}, not {scenario['status']}")
    # The run's own time is the promise; from outside, the start of three programs is in it
    # too, and the end of a sanitizer's.
    limit = timeout_of(scenario) * 1.1 + watch.late
    if target["duration_seconds"] > limit or took > watch.fair(limit + START_ALLOWANCE):
        wrong.append(f"{target['duration_seconds']:.2f} s ({took:.2f} s from outside), more than "
                     f"timeout + 10 % (the machine itself was {watch.late:.2f} s late)")
    return target, took, wrong


def check_replay(probe, saved, target):
    again = subprocess.run([probe, "check", "--format", "json", "--replay", str(saved)],
                           capture_output=True, text=True)
    if not again.stdout or json.loads(again.stdout)["targets"][0]["findings"] != target["findings"]:
        return [f"--replay finds something else {again.stderr.strip()}"]
    return []


def check_twice(scenario, probe, folder, saved, watch):
    """The report of the first, and what is wrong with either."""
    first, took, wrong = check_once(scenario, probe, folder, saved, watch)
    if first:
        wrong += check_replay(probe, saved, first)
        second = check_once(scenario, probe, folder, folder / "second.json", watch)
        wrong += [f"second check: {reason}" for reason in second[2]]
    return first, took, wrong


# ---- run ----


def ask(base, path):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(base + path, timeout=PATIENCE) as answer:
        return answer.read().decode()


def await_runs(base, count):
    """/status of the target once it had that many runs."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        runs = re.search(r"^tcr_probe_runs_total{[^}]*} (\d+)$", ask(base, "/metrics"),
                         re.MULTILINE)
        if runs and int(runs[1]) >= count:
            name = json.loads(ask(base, "/status"))["targets"][0]["name"]
            return json.loads(ask(base, f"/status?target={urllib.parse.quote(name)}"))["targets"][0]
        time.sleep(0.05)  # between two looks at the condition
    raise TimeoutError(f"no {count} runs in {PATIENCE:.0f} s")


def privileges_of(pid):
    """Privileges of a process that it must not have."""
    process = pathlib.Path("/proc", str(pid))
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines()
                  if ":\t" in line)
    for name in ("CapEff", "CapPrm", "CapAmb", "CapInh"):
        if int(status[name], 16):
            yield f"{name} {status[name]}"
    if status["NoNewPrivs"] != "1":
        yield "new privileges"
    if (process / "uid_map").read_text().split()[0] != "65532":
        yield "another uid"


def check_daemon(scenario, probe, folder):
    """Findings of the second run, and what is wrong."""
    target, _ = target_of(scenario)
    daemon = subprocess.Popen(
        [*UNPRIVILEGED, *scenario.get("with", []), probe, "run", "--listen", "127.0.0.1:0",
         "--interval", "100ms", *options_of(scenario, folder)], stderr=subprocess.PIPE, text=True,
        env=dict(os.environ, TCR_PROBE_TARGETS=target))
    try:
        first = daemon.stderr.readline()
        listen = re.search(r"listen=(\S+)", first)
        if not listen:
            daemon.kill()
            return None, [f"run: {first}{daemon.stderr.read()}"]
        wrong = [f"run has {privilege}" for privilege in privileges_of(daemon.pid)]
        found = await_runs(f"http://{listen[1]}", 2)
    except (OSError, ValueError, KeyError) as error:
        return None, [f"run: {error!r}"]
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.communicate()
    if daemon.returncode != 0:
        wrong.append(f"run ended with {daemon.returncode}")
    wrong += [f"run: {reason}" for reason in judge(scenario, found)]
    causes = [run["cause"] for run in found["history"]]
    if set(causes) != {scenario["cause"]}:
        wrong.append(f"run: findings changed, {' then '.join(causes)}")
    return found["findings"], wrong


# ---- clients ----


class Pulls:
    """The attempts of real clients at one scenario's image."""

    def __init__(self, name, scenario, probe, folder, containerd_address, fails_after):
        self.name, self.scenario, self.probe = name, scenario, probe
        self.folder, self.containerd_address = folder, containerd_address
        self.fails_after = fails_after
        self.host = target_of(scenario)[1]
        reference = reference_of(scenario)
        digests = json.loads((folder / "digests.json").read_text())
        self.digest = digests.get(reference.rpartition(":")[2])
        self.commands = dict(clients.commands(scenario, reference, name, folder,
                                              containerd_address))

    def attempt(self, client):
        """{client, succeeded, said} and what is wrong."""
        patience = self.fails_after if works(self.scenario) is False else PULL_PATIENCE
        succeeded, said, ran = clients.pull(self.commands[client], self.folder, patience,
                                             self.scenario.get("options", []))
        if succeeded and not clients.holds_image(client, self.digest, self.name, self.folder,
                                                 self.containerd_address):
            succeeded, said = False, f"it got something else {said}"
        result = {"client": client, "succeeded": succeeded, "said": said}
        if not ran:
            return result, [f"{client} could not run: {said}"]
        if works(self.scenario) not in (succeeded, None) and not excuse(self.scenario):
            return result, [f"{client} {'succeeded' if succeeded else 'failed'}: {said}"]
        if not succeeded and not excuse(self.scenario):
            return result, explained.differences(self.probe, self.scenario, self.host, said)
        return result, []


def works(scenario):
    """True if pulls work by the scenario's status, False if they fail, None if it does not say."""
    return {"ok": True, "warn": True, "fail": False}.get(scenario["status"])


def excuse(scenario):
    """Why clients may end otherwise."""
    return scenario.get("disagrees") or scenario.get("random")


# ---- all of it ----


def compare(check, run):
    """Findings of check and of run, which differ in measured times only."""
    def plain(findings):
        return [(finding["cause"], finding["severity"], finding["confidence"],
                 TIMES.sub("TIME", finding["summary"]), finding["remedy"]) for finding in findings]
    if check and run and plain(check) != plain(run):
        return [f"run finds something else than check: {plain(check)} {plain(run)}"]
    return []


def check_at_once(scenario, probe, folder, saved, watch, pulls):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        checking = pool.submit(check_twice, scenario, probe, folder, saved, watch)
        watching = pool.submit(check_daemon, scenario, probe, folder)
        pulled = list(pool.map(pulls.attempt, pulls.commands))
    target, took, wrong = checking.result()
    findings, wrong_of_run = watching.result()
    wrong += wrong_of_run
    if target:
        wrong += compare(target["findings"], findings)
    return target, took, wrong, pulled


def check_random(scenario, probe, folder, saved, watch, pulls, router):
    """One after the other, and only check is judged: what the others see is luck."""
    restart_nat(scenario, router)
    target, took, wrong = check_once(scenario, probe, folder, saved, watch)
    if target:
        wrong += check_replay(probe, saved, target)
    restart_nat(scenario, router)
    wrong += check_once(scenario, probe, folder, folder / "second.json", watch)[2]
    wrong += [reason for reason in check_daemon(scenario, probe, folder)[1]
              if "findings" not in reason]
    return target, took, wrong, [pulls.attempt(client) for client in pulls.commands]


def check(name, scenario, probe, folder, containerd_address, fails_after):
    """A result that `lab run` prints."""
    if is_emulated(probe):
        scenario = dict(scenario, slower=EMULATOR_TAKES)
    with Stopwatch() as watch:
        result = check_watched(name, scenario, probe, folder, containerd_address, fails_after, watch)
    return {"name": name, "late": watch.late, "crowd": watch.crowd(), **result}


def check_watched(name, scenario, probe, folder, containerd_address, fails_after, watch):
    router = move_to_pod()
    saved = folder / "report.json"
    pulls = Pulls(name, scenario, probe, folder, containerd_address, fails_after)
    common = (scenario, probe, folder, saved, watch, pulls)
    if "random" in scenario:
        target, took, wrong, pulled = check_random(*common, router)
    else:
        target, took, wrong, pulled = check_at_once(*common)
    wrong += [reason for _, reasons in pulled for reason in reasons]
    return {"cause": target["cause"] if target else "no report", "took": took,
            "wrong": wrong, "pulls": [pull for pull, _ in pulled],
            "report": saved.read_text() if saved.exists() else None}
