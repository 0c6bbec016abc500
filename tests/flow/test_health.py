"""Health checks: a Kustomization is Ready when what it applied is. Nobody here runs Deployments: tests write their status."""
import json
import re
import time

import pytest
import rig
from flux import DEPLOYMENT, Flux, configmap

pytestmark = pytest.mark.usefixtures("controllers")
JOB = rig.Kind("batch/v1", "jobs", "Job")
POD = rig.Kind("v1", "pods", "Pod")
RUNNING = "Running health checks for revision main@sha1:{} with a timeout of {}"


@pytest.fixture
def flux(api, ns, repo):
    return Flux(api, ns, repo)


def deployment(name, **annotations):
    """A Deployment manifest as text."""
    return json.dumps(DEPLOYMENT.object(name, metadata={"annotations": annotations}, spec={
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "web", "image": "example.com/web:1"}]}}}))


def set_status(api, kind, ns, name, **status):
    api.patch(kind.path(ns, name) + "/status", {"status": status})


def make_available(api, ns, name):
    generation = api.get(DEPLOYMENT, ns, name)["metadata"]["generation"]
    set_status(api, DEPLOYMENT, ns, name, observedGeneration=generation, replicas=1, updatedReplicas=1, readyReplicas=1, availableReplicas=1,
               conditions=[{"type": "Available", "status": "True"}, {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}])


def make_stuck(api, ns, name):
    generation = api.get(DEPLOYMENT, ns, name)["metadata"]["generation"]
    set_status(api, DEPLOYMENT, ns, name, observedGeneration=generation, replicas=1, updatedReplicas=1, unavailableReplicas=1, conditions=[
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": f'ReplicaSet "{name}-1" has timed out.'}])


def checking(flux, name="app", generation=None):
    """Waits until the health checks run, and returns the Kustomization."""
    return rig.wait_for(lambda: flux.get(name), 20, f"the health checks of {name} to run",
                        until=lambda ks: rig.condition(ks, "Healthy").get("status") == "Unknown"
                        and rig.condition(ks, "Healthy").get("observedGeneration", 0) >= (generation or 1))


def types(ks):
    return {c["type"]: (c["status"], c["reason"]) for c in ks["status"]["conditions"]}


def test_ready_means_that_the_objects_are(api, ns, repo, flux):
    head = repo.commit({"web.yaml": deployment("web"), "a.yaml": configmap("a", x="1")})
    flux.source().apply(wait=True, timeout="2m")
    ks = checking(flux)
    text = RUNNING.format(head, "2m0s")
    assert rig.condition(ks, "Healthy")["message"] == rig.condition(ks, "Reconciling")["message"] == text
    assert types(ks) == {"Ready": ("Unknown", "Progressing"), "Healthy": ("Unknown", "Progressing"), "Reconciling": ("True", "Progressing")}
    assert ks["status"]["observedGeneration"] == -1 and "lastAppliedRevision" not in ks["status"] and "history" not in ks["status"]
    assert len(ks["status"]["inventory"]["entries"]) == 2

    make_available(api, ns, "web")
    ks = flux.ready(head, timeout=5)
    assert types(ks) == {"Ready": ("True", "ReconciliationSucceeded"), "Healthy": ("True", "Succeeded")}
    assert re.fullmatch(r"Health check passed in [\d.]+m?s", rig.condition(ks, "Healthy")["message"])
    assert ks["status"]["observedGeneration"] == 1
    assert [(h["lastReconciledStatus"], h["totalReconciliations"]) for h in ks["status"]["history"]] == [("ReconciliationSucceeded", 1)]
    rig.wait_for(lambda: flux.events(), 10, "the events", until=lambda e: any(m.startswith("Reconciliation finished") for m in e))
    assert [m.split(" in ")[0] for m in flux.events("Progressing")] == [f"ConfigMap/{ns}/a created\nDeployment/{ns}/web created", "Health check passed"]

    ks = flux.again()
    assert types(ks)["Healthy"] == ("True", "Succeeded") and ks["status"]["history"][0]["totalReconciliations"] == 2
    assert len(flux.events("Progressing")) == 2, "the health of an unchanged set is not told again"

    later = repo.commit({"a.yaml": configmap("a", x="2")})
    flux.sync()
    flux.ready(later)
    rig.wait_for(lambda: flux.events("Progressing"), 10, "the health of the new revision", until=lambda e: len(e) == 4)
    api.patch(rig.KUSTOMIZATION, {"spec": {"wait": False}}, ns, "app")
    rig.wait_for(lambda: flux.get(), 10, "the condition to go", until=lambda ks: "Healthy" not in types(ks) and rig.is_ready(ks))


def test_a_failed_object_ends_the_wait_and_a_recovery_is_told(api, ns, repo, flux):
    head = repo.commit({"web.yaml": deployment("web"), "other.yaml": deployment("other")})
    flux.source().apply(wait=True, timeout="5m", retryInterval="1s")
    checking(flux)
    make_stuck(api, ns, "web")
    message = flux.failed("HealthCheckFailed")
    leading = f"failed early due to stalled resources: [Deployment/{ns}/web status: 'Failed']"
    assert re.match(r"health check failed after [\d.]+m?s: " + re.escape(leading), message)
    assert f'\nDeployment/{ns}/web: ProgressDeadlineExceeded (Progress deadline exceeded); ProgressDeadlineExceeded (ReplicaSet "web-1" has timed out.)' in message
    ks = flux.get()
    assert rig.condition(ks, "Healthy")["message"].startswith(leading)
    assert types(ks)["Healthy"] == ("False", "HealthCheckFailed")
    rig.wait_for(lambda: flux.events("HealthCheckFailed"), 10, "the event")
    assert flux.events("HealthCheckFailed")[0].startswith("health check failed after ")

    make_available(api, ns, "web")
    make_available(api, ns, "other")
    ks = flux.ready(head)
    assert [h["lastReconciledStatus"] for h in ks["status"]["history"]] == ["ReconciliationSucceeded", "HealthCheckFailed"]
    rig.wait_for(lambda: [e for e in flux.events() if e.startswith("Health check passed in ")], 10, "the event of the recovery")


def test_an_object_named_by_health_checks_may_come_later(api, ns, repo, flux):
    repo.commit({"web.yaml": deployment("web")})
    flux.source().apply()
    flux.ready(repo.head())
    api.patch(rig.KUSTOMIZATION, {"spec": {"timeout": "1s", "healthChecks": [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "later", "namespace": ns}, {"kind": "Deployment", "name": "web", "namespace": ns}]}}, ns, "app")
    ks = checking(flux, generation=2)
    assert rig.condition(ks, "Healthy")["message"] == RUNNING.format(repo.head(), "30s")
    assert ks["status"]["observedGeneration"] == ks["metadata"]["generation"] - 1
    make_available(api, ns, "web")
    api.create(rig.CONFIGMAP, ns, "later")
    rig.wait_for(lambda: flux.get(), 5, "the Kustomization to be healthy", until=lambda ks: rig.condition(ks, "Healthy").get("status") == "True")


def test_a_health_check_must_say_where(ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply(healthChecks=[{"kind": "Deployment", "name": "web"}])
    first, cause = flux.failed("HealthCheckFailed").split("\n")
    assert first.endswith(": failed early due to stalled resources: [can't determine status for Deployment/web]")
    assert cause == "Deployment/web: it is of a namespaced kind, and no namespace is named"


def test_skipped_objects_and_the_kustomization_itself_are_not_waited_for(api, ns, repo, flux):
    itself = rig.KUSTOMIZATION.object("app", spec={"interval": "60m", "prune": True, "wait": True, "targetNamespace": ns,
                                                   "sourceRef": {"kind": "GitRepository", "name": "app"}})
    repo.commit({"a.yaml": configmap("a", x="1"), "ignored.yaml": deployment("ignored", **{"kustomize.toolkit.fluxcd.io/ssa": "Ignore"}),
                 "itself.yaml": json.dumps(itself)})
    flux.source().apply(wait=True)
    ks = flux.ready(repo.head())
    assert types(ks)["Healthy"] == ("True", "Succeeded")
    assert api.find(DEPLOYMENT, ns, "ignored") is None


def test_without_objects_there_is_no_health(ns, repo, flux):
    repo.commit({"README": "no manifests"})
    flux.source().apply(wait=True)
    assert "Healthy" not in types(flux.ready(repo.head()))


def test_a_job_with_a_time_to_live_may_be_gone(api, ns, repo, flux):
    pods = {"spec": {"restartPolicy": "Never", "containers": [{"name": "job", "image": "example.com/job:1"}]}}
    job = JOB.object("once", spec={"ttlSecondsAfterFinished": 0, "template": pods})
    repo.commit({"job.yaml": json.dumps(job), "b.yaml": json.dumps(JOB.object("kept", spec={"template": pods}))})
    flux.source().apply(wait=True)
    checking(flux)
    api.delete(JOB, ns, "once", propagationPolicy="Background")
    now = "2026-01-01T00:00:00Z"
    set_status(api, JOB, ns, "kept", startTime=now, completionTime=now, succeeded=1, conditions=[
        {"type": "SuccessCriteriaMet", "status": "True", "lastTransitionTime": now}, {"type": "Complete", "status": "True", "lastTransitionTime": now}])
    flux.ready(repo.head(), timeout=5)


def test_an_interval_without_news_asks_for_the_health_of_what_moved_alone(cp, api, ns, repo, flux):
    """Nothing is built, applied or read then, but a Deployment that fell ill is told, as is one that is not ours."""
    me, again = "kustomize-controller", lambda n: rig.wait_for(lambda: flux.get(), 15, "an interval to pass", until=lambda ks: (
        ks["status"]["history"][0]["totalReconciliations"] > n and rig.is_ready(ks)))
    repo.commit({"web.yaml": deployment("web"), "a.yaml": configmap("a", x="1")})
    flux.source().apply(wait=True, interval="3s")
    checking(flux)
    make_available(api, ns, "web")
    before = flux.ready(repo.head())
    mark = cp.audit_mark()
    ks = again(before["status"]["history"][0]["totalReconciliations"])
    count = cp.requests(mark, me, ns=ns)
    assert set(count) <= {"patch kustomizations/status", "create events"}, count
    assert rig.condition(ks, "Healthy")["status"] == "True"
    api.patch(DEPLOYMENT.path(ns, "web") + "/status", {"status": {"observedGeneration": 1}})
    api.patch(DEPLOYMENT.path(ns, "web") + "/status", {"status": {"collisionCount": 1}})  # another version, as healthy as before
    mark = cp.audit_mark()
    again(flux.get()["status"]["history"][0]["totalReconciliations"] + 1)
    count = cp.requests(mark, me, ns=ns)
    assert count["get deployments"] == 1 and not count["get configmaps"] and not count["patch deployments"], count
    make_stuck(api, ns, "web")
    assert f"[Deployment/{ns}/web status: 'Failed']" in flux.failed("HealthCheckFailed")


def test_a_full_check_reads_the_health_of_all(cp, api, ns, repo, private):
    private.source()
    private.kustomize("--request-check-age=0s")
    flux = Flux(api, ns, repo, labels=private.labels)
    repo.commit({"web.yaml": deployment("web")})
    flux.source().apply(wait=True)
    checking(flux)
    make_available(api, ns, "web")
    flux.ready(repo.head())
    flux.again()  # the status that was written after the apply has been seen
    mark = cp.audit_mark()
    flux.again()
    assert cp.requests(mark, "kustomize-controller", ns=ns)["get deployments"] == 1


def test_another_spec_or_revision_replaces_the_wait(api, ns, repo, private):
    private.source()
    private.kustomize("--feature-gates=CancelHealthCheckOnNewRevision=true")
    flux = Flux(api, ns, repo, private.labels)
    repo.commit({"web.yaml": deployment("web")})
    flux.source().apply(wait=True, timeout="5m")
    checking(flux)
    fixed = repo.commit({"web.yaml": configmap("web", x="1")})
    flux.sync()
    ks = flux.ready(fixed)
    assert api.find(DEPLOYMENT, ns, "web") is None
    assert [h["lastReconciledStatus"] for h in ks["status"]["history"]] == ["ReconciliationSucceeded"]
    rig.wait_for(lambda: flux.events("HealthCheckCanceled"), 10, "the event")
    assert flux.events("HealthCheckCanceled") == [f"Health checks canceled due to new reconciliation triggered by GitRepository/{ns}/app"]

    repo.commit({"web.yaml": deployment("web")})
    flux.sync()
    rig.wait_for(lambda: api.find(DEPLOYMENT, ns, "web"), 20, "the Deployment")
    checking(flux)
    api.patch(rig.KUSTOMIZATION, {"spec": {"wait": False}}, ns, "app")
    flux.ready(repo.head())
    rig.wait_for(lambda: flux.events("HealthCheckCanceled"), 10, "the second event", until=lambda e: len(e) == 2)
    assert flux.events("HealthCheckCanceled")[1].endswith(f"triggered by Kustomization/{ns}/app")


def pod(name, app, **status):
    return POD.object(name, metadata={"labels": {"app": app}}, spec={"containers": [{"name": "web", "image": "example.com/web:1"}]}), status


def test_a_timeout_tells_the_causes(api, ns, repo, flux):
    """One wait of 30 s, the least there is, for all the ways in which objects fail to become healthy."""
    repo.commit({"crash.yaml": deployment("crash"), "pull.yaml": deployment("pull"), "quota.yaml": deployment("quota"),
                 "ks.yaml": json.dumps(rig.KUSTOMIZATION.object("child", spec={
                     "interval": "60m", "prune": True, "suspend": True, "sourceRef": {"kind": "GitRepository", "name": "app"}})),
                 "a.yaml": configmap("a", x="1")})
    flux.source().apply(wait=True, timeout="1s")
    checking(flux)
    set_status(api, rig.KUSTOMIZATION, ns, "child", observedGeneration=-1)
    waiting = [("crash", {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}),
               ("pull", {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "example.com/web:1"'})]
    for name, state in waiting:
        api.post(POD, *pod(f"{name}-1", name)[:1], ns)
        ended = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-01T00:00:00Z", "startedAt": "2026-01-01T00:00:00Z", "containerID": "a://b"}
        set_status(api, POD, ns, f"{name}-1", phase="Running", containerStatuses=[{
            "name": "web", "image": "x", "imageID": "", "ready": False, "restartCount": 3, "state": {"waiting": state},
            **({"lastState": {"terminated": ended}} if name == "crash" else {})}])
    quota = api.get(DEPLOYMENT, ns, "quota")
    for count, second in ((1, 30), (2, 10)):
        api.create(rig.EVENT, ns, f"quota-{count}", type="Warning", reason=f"FailedCreate{count}", message="exceeded quota\nof pods",
                   lastTimestamp=f"2026-01-01T00:00:{second}Z", involvedObject={
                       "apiVersion": "apps/v1", "kind": "Deployment", "name": "quota", "namespace": ns, "uid": quota["metadata"]["uid"]})
    message = flux.failed("HealthCheckFailed", timeout=40)
    first, *causes = message.split("\n")
    assert re.match(r"health check failed after 30[.\d]+s: timeout waiting for: \[", first)
    listed = sorted(first[first.index("[") + 1:-1].split(", "))
    assert listed == [f"Deployment/{ns}/{n} status: 'InProgress'" for n in ("crash", "pull", "quota")] + [f"Kustomization/{ns}/child status: 'InProgress'"]
    causes = dict(line.split(": ", 1) for line in causes)
    assert causes == {
        f"Deployment/{ns}/crash": "LessReplicas (Replicas: 0/1); Pod crash-1: container web: CrashLoopBackOff (back-off 40s restarting failed "
                                  "container), last ended with exit code 137, OOMKilled",
        f"Deployment/{ns}/pull": "LessReplicas (Replicas: 0/1); Pod pull-1: container web: ImagePullBackOff (Back-off pulling image \"example.com/web:1\")",
        f"Deployment/{ns}/quota": "LessReplicas (Replicas: 0/1); event FailedCreate1 (exceeded quota of pods)",
        f"Kustomization/{ns}/child": "LatestGenerationNotObserved (Kustomization generation is 1, but latest observed generation is -1); "
                                     "the Kustomization is suspended"}


def test_waits_hold_no_worker(api, ns, repo, private):
    """200 Kustomizations that never turn healthy, four workers: a healthy one is as quick as alone."""
    private.source()
    controller = private.kustomize("--concurrent=4")
    flux = Flux(api, ns, repo, private.labels)
    repo.commit({"stuck/web.yaml": deployment("web"), "fine/a.yaml": configmap("a", x="1")})
    flux.source()
    parked, memory = 'gotk_parked_reconciles{controller="kustomization"}', "process_resident_memory_bytes"
    before = controller.metrics()[memory]
    for i in range(200):
        flux.apply(f"stuck-{i}", path="./stuck", namePrefix=f"n{i}-", wait=True, timeout="10m")
    rig.wait_for(lambda: controller.metrics()[parked], 60, "200 parked reconciles", until=lambda n: n == 200)
    each = (controller.metrics()[memory] - before) / 200
    took = []
    for i in range(5):
        flux.apply(f"fine-{i}", path="./fine", namePrefix=f"f{i}-", wait=True)
        took.append(rig.seconds_until(lambda: flux.get(f"fine-{i}"), until=rig.is_ready))
    print(f"beside 200 waits: {took}; memory of a Kustomization that waits: {each / 1e3:.0f} kB")
    assert sorted(took)[2] < rig.proc.SLOW, took
    assert controller.metrics()[parked] > 190, "the others still wait"
    assert each < 250e3 or rig.proc.SLOW > 1, each


def test_a_wait_asks_nothing_until_something_moves(cp, api, ns, repo, flux):
    repo.commit({"web.yaml": deployment("web"), "a.yaml": configmap("a", x="1")})
    api.create(DEPLOYMENT, ns, "foreign", **{k: v for k, v in json.loads(deployment("foreign")).items() if k == "spec"})
    flux.source().apply(wait=True).apply("named", path="./none", prune=False, healthChecks=[{"kind": "Deployment", "name": "foreign", "namespace": ns}])
    repo.commit({"none/README": "nothing"})
    flux.sync()
    for name in ("app", "named"):
        checking(flux, name)
    time.sleep(1)
    mark = cp.audit_mark()
    time.sleep(3)
    assert not cp.requests(mark, "kustomize-controller", ns=ns)
    for deployed, name in (("web", "app"), ("foreign", "named")):
        make_available(api, ns, deployed)
        assert rig.seconds_until(lambda: flux.get(name), until=lambda ks: rig.is_ready(ks, repo.head())) < rig.proc.SLOW


def test_pods_that_decide_are_watched_and_time_is_waited_for(cp, api, ns, repo, flux):
    """A StatefulSet fails by its pods, a Pod by having no node for 15 s: neither is asked for again and again."""
    template = json.loads(deployment("sts"))["spec"]
    repo.commit({"sts/sts.yaml": json.dumps(rig.Kind("apps/v1", "statefulsets", "StatefulSet").object("sts", spec={**template, "serviceName": "sts"})),
                 "pod/pod.yaml": json.dumps(pod("bare", "bare")[0]), "none/README": "nothing"})
    flux.source().apply("sts", path="./sts", wait=True).apply("pod", path="./pod", wait=True)
    flux.apply("named", path="./none", healthChecks=[{"kind": "StatefulSet", "name": "sts", "namespace": ns}])
    for name in ("sts", "pod", "named"):
        checking(flux, name)
    set_status(api, POD, ns, "bare", phase="Pending", conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}])
    time.sleep(1.5)
    mark = cp.audit_mark()
    time.sleep(5)
    assert not cp.requests(mark, "kustomize-controller", ns=ns)
    api.post(POD, pod("sts-0", "sts")[0], ns)
    set_status(api, POD, ns, "sts-0", phase="Running", containerStatuses=[{
        "name": "web", "image": "x", "imageID": "", "ready": False, "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}])
    for name in ("sts", "named"):
        assert rig.seconds_until(lambda: flux.get(name), until=lambda ks: rig.condition(ks).get("reason") == "HealthCheckFailed") < rig.proc.SLOW
    took = re.match(r"health check failed after ([\d.]+)s", flux.failed("HealthCheckFailed", f"Pod/{ns}/bare status: 'Failed'", "pod"))
    assert 14 < float(took[1]) < 15 + rig.proc.SLOW
