#!/usr/bin/env python3
"""What a language model costs for each kind of incident, measured in the simulated world: the table of docs/models.md.

    tools/model_costs.py OPS_AGENT

The simulated model counts a token for four bytes of what it is sent and says; money is at the default prices.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

SCENARIOS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests/scenarios")
AI = 'ai: {provider: openai, base_url: "http://model.sim/v1", model: m}\n'
KINDS = (("a known problem", "model-known-problem"), ("unknown, an entry is proposed", "model-proposes"),
         ("unknown, the model does not know", "model-does-not-know"), ("unknown, a model that never stops looking", "model-never-stops-looking"),
         ("a service that flaps", "flapping"), ("half of everything at once", "mass-failure"))


def text_of(name):
    """The scenario; where it uses the company's configuration, with a model in it that looks and then does not know."""
    with open(os.path.join(SCENARIOS, name + ".scn")) as file:
        text = file.read()
    with open(os.path.join(SCENARIOS, "model-does-not-know.scn")) as file:
        answers = re.search(r"(model .*?)^service", file.read(), re.M | re.S).group(1)
    return re.sub(r"^use company.yaml.*\n", lambda line: line.group(0) + answers, text, flags=re.M)


def measure(agent, folder, name):
    path = os.path.join(folder, name + ".scn")
    with open(path, "w") as file:
        file.write(text_of(name))
    done = subprocess.run([agent, "simulate", path, "--journal"], capture_output=True, text=True, timeout=120)
    calls = [json.loads(line) for line in re.findall(r"model\.called \S+ (\{.*\})", done.stdout)]
    incidents = len(re.findall(r" incident\.opened ", done.stdout)) or 1
    return incidents, len(calls), sum(one["tokens"] for one in calls), sum(one["cost_usd"] for one in calls)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    print("| incident | incidents | calls | tokens | dollars |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for file in os.listdir(SCENARIOS):
            if file.endswith(".yaml"):
                with open(os.path.join(SCENARIOS, file)) as source, open(os.path.join(folder, file), "w") as copy:
                    copy.write(source.read() + (AI if file == "company.yaml" else ""))
        for kind, name in KINDS:
            print("| %s (`%s`) | %d | %d | %s | %.4f |" % ((kind, name) + (lambda n, c, t, d: (n, c, format(t, ","), d))(
                *measure(os.path.abspath(sys.argv[1]), folder, name))))


main()
