"""The built-in resources of a Kubernetes v1.36 API server with default features, as data.

One line a resource: plural, kind, scope (n namespaced, c cluster), short names, categories, verbs, subresources. ``-`` is
nothing. Verbs: ``*`` all eight, ``ro`` get and list, ``create``, ``ns`` all but deletecollection. Checked against
``kubectl api-resources -o wide`` of a real server. Groups stand in the server's discovery order, versions preferred first.
"""

from __future__ import annotations

from typing import Final

GROUPS: Final[tuple[tuple[str, str, str], ...]] = (
    ("", "v1", """
        bindings Binding n - - create -
        componentstatuses ComponentStatus c cs - ro -
        configmaps ConfigMap n cm - * -
        endpoints Endpoints n ep - * -
        events Event n ev - * -
        limitranges LimitRange n limits - * -
        namespaces Namespace c ns - ns finalize,status
        nodes Node c no - * proxy,status
        persistentvolumeclaims PersistentVolumeClaim n pvc - * status
        persistentvolumes PersistentVolume c pv - * status
        pods Pod n po all * attach,binding,ephemeralcontainers,eviction,exec,log,portforward,proxy,resize,status
        podtemplates PodTemplate n - - * -
        replicationcontrollers ReplicationController n rc all * scale,status
        resourcequotas ResourceQuota n quota - * status
        secrets Secret n - - * -
        serviceaccounts ServiceAccount n sa - * token
        services Service n svc all * proxy,status
    """),
    ("apiregistration.k8s.io", "v1", "apiservices APIService c - api-extensions * status"),
    ("apps", "v1", """
        controllerrevisions ControllerRevision n - - * -
        daemonsets DaemonSet n ds all * status
        deployments Deployment n deploy all * scale,status
        replicasets ReplicaSet n rs all * scale,status
        statefulsets StatefulSet n sts all * scale,status
    """),
    ("events.k8s.io", "v1", "events Event n ev - * -"),
    ("authentication.k8s.io", "v1", """
        selfsubjectreviews SelfSubjectReview c - - create -
        tokenreviews TokenReview c - - create -
    """),
    ("authorization.k8s.io", "v1", """
        localsubjectaccessreviews LocalSubjectAccessReview n - - create -
        selfsubjectaccessreviews SelfSubjectAccessReview c - - create -
        selfsubjectrulesreviews SelfSubjectRulesReview c - - create -
        subjectaccessreviews SubjectAccessReview c - - create -
    """),
    ("autoscaling", "v2", "horizontalpodautoscalers HorizontalPodAutoscaler n hpa all * status"),
    ("autoscaling", "v1", "horizontalpodautoscalers HorizontalPodAutoscaler n hpa all * status"),
    ("batch", "v1", """
        cronjobs CronJob n cj all * status
        jobs Job n - all * status
    """),
    ("certificates.k8s.io", "v1",
     "certificatesigningrequests CertificateSigningRequest c csr - * approval,status"),
    ("networking.k8s.io", "v1", """
        ingressclasses IngressClass c - - * -
        ingresses Ingress n ing - * status
        ipaddresses IPAddress c ip - * -
        networkpolicies NetworkPolicy n netpol - * -
        servicecidrs ServiceCIDR c - - * status
    """),
    ("policy", "v1", "poddisruptionbudgets PodDisruptionBudget n pdb - * status"),
    ("rbac.authorization.k8s.io", "v1", """
        clusterrolebindings ClusterRoleBinding c - - * -
        clusterroles ClusterRole c - - * -
        rolebindings RoleBinding n - - * -
        roles Role n - - * -
    """),
    ("storage.k8s.io", "v1", """
        csidrivers CSIDriver c - - * -
        csinodes CSINode c - - * -
        csistoragecapacities CSIStorageCapacity n - - * -
        storageclasses StorageClass c sc - * -
        volumeattachments VolumeAttachment c - - * status
        volumeattributesclasses VolumeAttributesClass c vac - * -
    """),
    ("admissionregistration.k8s.io", "v1", """
        mutatingadmissionpolicies MutatingAdmissionPolicy c - api-extensions * -
        mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding c - api-extensions * -
        mutatingwebhookconfigurations MutatingWebhookConfiguration c - api-extensions * -
        validatingadmissionpolicies ValidatingAdmissionPolicy c - api-extensions * status
        validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding c - api-extensions * -
        validatingwebhookconfigurations ValidatingWebhookConfiguration c - api-extensions * -
    """),
    ("apiextensions.k8s.io", "v1",
     "customresourcedefinitions CustomResourceDefinition c crd,crds api-extensions * status"),
    ("scheduling.k8s.io", "v1", "priorityclasses PriorityClass c pc - * -"),
    ("coordination.k8s.io", "v1", "leases Lease n - - * -"),
    ("node.k8s.io", "v1", "runtimeclasses RuntimeClass c - - * -"),
    ("discovery.k8s.io", "v1", "endpointslices EndpointSlice n - - * -"),
    ("flowcontrol.apiserver.k8s.io", "v1", """
        flowschemas FlowSchema c - - * status
        prioritylevelconfigurations PriorityLevelConfiguration c - - * status
    """),
    ("resource.k8s.io", "v1", """
        deviceclasses DeviceClass c - - * -
        resourceclaims ResourceClaim n - - * status
        resourceclaimtemplates ResourceClaimTemplate n - - * -
        resourceslices ResourceSlice c - - * -
    """),
)  # fmt: skip

VERBS: Final[dict[str, tuple[str, ...]]] = {
    "*": ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"),
    "ns": ("create", "delete", "get", "list", "patch", "update", "watch"),
    "ro": ("get", "list"),
    "create": ("create",),
}

_CHANGE: Final = ("get", "patch", "update")
_PROXY: Final = ("create", "delete", "get", "patch", "update")

# "resource/subresource" or "*/subresource" → kind ("" is the parent's), group and version (None: the parent's), verbs
SUBRESOURCES: Final[dict[str, tuple[str, str | None, str | None, tuple[str, ...]]]] = {
    "*/status": ("", None, None, _CHANGE),
    "*/scale": ("Scale", "autoscaling", "v1", _CHANGE),
    "namespaces/finalize": ("Namespace", None, None, ("update",)),
    "nodes/proxy": ("NodeProxyOptions", None, None, _PROXY),
    "pods/attach": ("PodAttachOptions", None, None, ("create", "get")),
    "pods/binding": ("Binding", None, None, ("create",)),
    "pods/ephemeralcontainers": ("Pod", None, None, _CHANGE),
    "pods/eviction": ("Eviction", "policy", "v1", ("create",)),
    "pods/exec": ("PodExecOptions", None, None, ("create", "get")),
    "pods/log": ("Pod", None, None, ("get",)),
    "pods/portforward": ("PodPortForwardOptions", None, None, ("create", "get")),
    "pods/proxy": ("PodProxyOptions", None, None, _PROXY),
    "pods/resize": ("Pod", None, None, _CHANGE),
    "serviceaccounts/token": ("TokenRequest", "authentication.k8s.io", "v1", ("create",)),
    "services/proxy": ("ServiceProxyOptions", None, None, _PROXY),
    "certificatesigningrequests/approval": ("CertificateSigningRequest", None, None, _CHANGE),
}

# group/version/plural of versions that are served by converting the stored one: → where it is stored
STORED_ELSEWHERE: Final[dict[tuple[str, str, str], tuple[str, str]]] = {
    ("autoscaling", "v1", "horizontalpodautoscalers"): ("autoscaling", "v2"),
    ("events.k8s.io", "v1", "events"): ("", "v1"),
}
