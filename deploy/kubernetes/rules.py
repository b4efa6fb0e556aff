"""The rules that every rendered Kubernetes object has to keep: rules.py <rendered.yaml>...

A rule is a generator of faults over the objects of one rendering. `BREAKS` at the end holds a break for each rule; they
are tried first, so that a rule that has stopped to see anything is found at once.
"""

import base64
import copy
import re
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import yaml

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10 of Ubuntu 22.04
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = "1.35"
SECRET_WORD = re.compile(r"URL|KEY|PASSWORD|SECRET|TOKEN")
EDGES = {"rest", "realtime-gateway"}


def of_kind(objects, *kinds):
    return [item for item in objects if item["kind"] in kinds]


def pods(objects):
    for item in of_kind(objects, "Deployment", "Job"):
        yield item, item["spec"]["template"]


def labels_match(selector, labels):
    wanted = selector.get("matchLabels", {})
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    for term in selector.get("matchExpressions", []):
        if term["operator"] == "In" and labels.get(term["key"]) not in term["values"]:
            return False
    return True


def name_of(item):
    return f"{item['kind']} {item['metadata']['name']}"


def targets_of_the_binary():
    """The words that `halley serve --target` takes, but for `all`."""
    source = (ROOT / "services/halley/src/modules.rs").read_text()
    body = re.search(r"enum Target \{(.*?)\n\}", source, re.DOTALL).group(1)
    variants = re.findall(r"^    ([A-Z]\w+),", body, re.MULTILINE)
    return {re.sub(r"(?<!^)(?=[A-Z])", "-", variant).lower() for variant in variants} - {"all"}


def known_settings():
    return tomllib.loads((ROOT / "services/halley/halley.default.toml").read_text())


def schema(objects):
    for item in objects:
        try:
            kubernetes_validate.validate(item, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{name_of(item)}: {'.'.join(map(str, error.path))}: {error.message}"


def every_target_is_deployed(objects):
    deployed = {item["metadata"]["name"] for item in of_kind(objects, "Deployment")}
    for target in sorted(targets_of_the_binary() ^ deployed):
        yield f"{target}: is a target of the binary without a Deployment, or the other way round"
    for item in of_kind(objects, "Deployment"):
        args = item["spec"]["template"]["spec"]["containers"][0]["args"]
        if item["metadata"]["name"] not in args:
            yield f"{name_of(item)}: runs another target"


def probes(objects):
    for item in of_kind(objects, "Deployment"):
        for container in item["spec"]["template"]["spec"]["containers"]:
            for probe, path in (("startupProbe", None), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")):
                asked = container.get(probe, {}).get("httpGet", {})
                if not asked or (path and asked["path"] != path):
                    yield f"{name_of(item)}: no {probe}"


def resources(objects):
    for item, pod in pods(objects):
        for container in pod["spec"]["containers"]:
            given = container.get("resources", {})
            for which, what in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
                if what not in given.get(which, {}):
                    yield f"{name_of(item)}: no {which} of {what}"


def few_rights(objects):
    for item, pod in pods(objects):
        spec, security = pod["spec"], pod["spec"].get("securityContext", {})
        wanted = [
            (security.get("runAsNonRoot") is True, "must run as another user than root"),
            (security.get("seccompProfile", {}).get("type") == "RuntimeDefault", "no seccomp profile"),
            (spec.get("automountServiceAccountToken") is False, "holds a token of the cluster"),
            (spec.get("serviceAccountName") == "halley", "runs with another service account"),
        ]
        for container in spec["containers"]:
            own = container.get("securityContext", {})
            wanted += [
                (own.get("readOnlyRootFilesystem") is True, "can write its own file system"),
                (own.get("allowPrivilegeEscalation") is False, "can gain rights"),
                (own.get("capabilities", {}).get("drop") == ["ALL"], "keeps capabilities"),
            ]
        yield from (f"{name_of(item)}: {fault}" for kept, fault in wanted if not kept)


def spread_and_disruption(objects):
    budgets = of_kind(objects, "PodDisruptionBudget")
    for item in of_kind(objects, "Deployment"):
        pod = item["spec"]["template"]
        if not pod["spec"].get("topologySpreadConstraints"):
            yield f"{name_of(item)}: all its pods may sit on one machine"
        if not any(labels_match(budget["spec"]["selector"], pod["metadata"]["labels"]) for budget in budgets):
            yield f"{name_of(item)}: no disruption budget"


def services_lead_somewhere(objects):
    for item in of_kind(objects, "Service"):
        behind = [pod for _, pod in pods(objects) if labels_match({"matchLabels": item["spec"]["selector"]}, pod["metadata"]["labels"])]
        named = {port["name"] for pod in behind for container in pod["spec"]["containers"] for port in container.get("ports", [])}
        if len(behind) != 1 or any(port["targetPort"] not in named for port in item["spec"]["ports"]):
            yield f"{name_of(item)}: leads to {len(behind)} kinds of pods, or to no port of theirs"


def only_edges_are_open(objects):
    policies = of_kind(objects, "NetworkPolicy")
    for item, pod in pods(objects):
        mine = [policy["spec"] for policy in policies if labels_match(policy["spec"]["podSelector"], pod["metadata"]["labels"])]
        if not any("Ingress" in policy["policyTypes"] for policy in mine):
            yield f"{name_of(item)}: no network policy holds for it"
        open_to_all = any("from" not in rule for policy in mine for rule in policy.get("ingress", []))
        if open_to_all != (item["metadata"]["name"] in EDGES):
            yield f"{name_of(item)}: is {'open to' if open_to_all else 'closed for'} everybody"


def no_secret_is_written_down(objects):
    for item, pod in pods(objects):
        for container in pod["spec"]["containers"]:
            for variable in container.get("env", []):
                if SECRET_WORD.search(variable["name"]) and "secretKeyRef" not in variable.get("valueFrom", {}):
                    yield f"{name_of(item)}: {variable['name']} is not taken from a Secret"
    for item in of_kind(objects, "ConfigMap"):
        if re.search(r"postgres(ql)?://|rediss?://|master_key|BEGIN [A-Z ]*PRIVATE", str(item.get("data"))):
            yield f"{name_of(item)}: holds a secret"
    for item in of_kind(objects, "Secret"):
        for key, value in item.get("data", {}).items():
            if "REPLACE_ME" not in base64.b64decode(value).decode():
                yield f"{name_of(item)}: {key} is no placeholder"


def references_exist(objects):
    secrets = {item["metadata"]["name"]: item.get("data", {}) for item in of_kind(objects, "Secret")}
    config_maps = {item["metadata"]["name"] for item in of_kind(objects, "ConfigMap")}
    for item, pod in pods(objects):
        for volume in pod["spec"].get("volumes", []):
            if "configMap" in volume and volume["configMap"]["name"] not in config_maps:
                yield f"{name_of(item)}: there is no ConfigMap {volume['configMap']['name']}"
        for container in pod["spec"]["containers"]:
            for variable in container.get("env", []):
                wanted = variable.get("valueFrom", {}).get("secretKeyRef")
                # The base names a Secret that the installation brings.
                if wanted and secrets and wanted["key"] not in secrets.get(wanted["name"], {}):
                    yield f"{name_of(item)}: there is no secret {wanted['name']}/{wanted['key']}"


def settings_exist(objects):
    known = known_settings()
    for item in of_kind(objects, "ConfigMap"):
        for section, values in tomllib.loads(item["data"]["halley.toml"]).items():
            for key in values:
                if key not in known.get(section, {}):
                    yield f"{name_of(item)}: there is no setting {section}.{key}"
    for item, pod in pods(objects):
        for container in pod["spec"]["containers"]:
            for variable in container.get("env", []):
                # The usual names for the keys of a bucket, which the store of files reads by itself.
                if variable["name"].startswith("AWS_"):
                    continue
                section, _, key = variable["name"].removeprefix("HALLEY_").lower().partition("__")
                if key not in known.get(section, {}):
                    yield f"{name_of(item)}: {variable['name']} is no setting"


def no_secret_file_is_committed(_objects):
    listed = subprocess.run(["git", "ls-files", "*.env"], cwd=ROOT / "deploy", check=True, capture_output=True, text=True)
    yield from (f"{file}: holds secrets and is committed" for file in listed.stdout.split())


RULES = [
    schema,
    every_target_is_deployed,
    probes,
    resources,
    few_rights,
    spread_and_disruption,
    services_lead_somewhere,
    only_edges_are_open,
    no_secret_is_written_down,
    references_exist,
    settings_exist,
    no_secret_file_is_committed,
]


def faults(objects):
    return [fault for rule in RULES for fault in rule(objects)]


def find(objects, kind, name):
    return next(item for item in of_kind(objects, kind) if item["metadata"]["name"].startswith(name))


def container_of(objects, kind, name):
    return find(objects, kind, name)["spec"]["template"]["spec"]["containers"][0]


# Each must make at least its own rule fail.
BREAKS = [
    (schema, lambda o: find(o, "Deployment", "rest")["spec"].update(replica=2)),
    (every_target_is_deployed, lambda o: o.remove(find(o, "Deployment", "groups"))),
    (probes, lambda o: container_of(o, "Deployment", "auth").pop("livenessProbe")),
    (resources, lambda o: container_of(o, "Job", "migrate").pop("resources")),
    (few_rights, lambda o: container_of(o, "Deployment", "rest")["securityContext"].update(readOnlyRootFilesystem=False)),
    (spread_and_disruption, lambda o: o.remove(find(o, "PodDisruptionBudget", "rest"))),
    (services_lead_somewhere, lambda o: find(o, "Service", "rest")["spec"]["selector"].update({"app.kubernetes.io/name": "r"})),
    (only_edges_are_open, lambda o: find(o, "NetworkPolicy", "services-from")["spec"]["ingress"][0].pop("from")),
    (no_secret_is_written_down, lambda o: container_of(o, "Job", "migrate")["env"].append({"name": "HALLEY_REDIS__URL", "value": "x"})),
    (references_exist, lambda o: o.remove(find(o, "ConfigMap", "halley"))),
    (settings_exist, lambda o: container_of(o, "Deployment", "auth")["env"].append({"name": "HALLEY_REST__LISTN", "value": "x"})),
]


def rules_that_see_nothing(objects):
    for rule, break_it in BREAKS:
        broken = copy.deepcopy(objects)
        break_it(broken)
        if not list(rule(broken)):
            yield f"the rule {rule.__name__} does not see its break"


def main(files):
    all_faults = []
    for file in files:
        objects = [item for item in yaml.safe_load_all(Path(file).read_text()) if item]
        found = [*rules_that_see_nothing(objects), *faults(objects)]
        print(f"{Path(file).stem}: {len(objects)} objects, {len(RULES)} rules, {len(BREAKS)} breaks seen, {len(found)} faults")
        all_faults += [f"{Path(file).stem}: {fault}" for fault in found]
    print("\n".join(all_faults), file=sys.stderr, end="\n" if all_faults else "")
    return 1 if all_faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
