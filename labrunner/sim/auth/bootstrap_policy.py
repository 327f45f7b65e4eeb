"""What the bootstrap roles of Kubernetes v1.36 permit, as tables.

A block is a role: its name (``into:X`` labels it for aggregation into X, ``from:X`` gathers what is labelled for X),
then a line for each rule, ``verbs | groups | resources | resource names`` or ``verbs | paths``. READ, WRITE and ALL8
stand for the usual verbs; ``core`` is the group without a name.
"""

from __future__ import annotations

from typing import Final

from labrunner.sim.auth.controller_policy import EVENTS

CLUSTER_ROLES: Final = """\
cluster-admin
* | * | *
* | *

admin from:admin

edit from:edit into:admin

view from:view into:edit

system:aggregate-to-admin into:admin
create | authorization.k8s.io | localsubjectaccessreviews
ALL8 | rbac.authorization.k8s.io | roles rolebindings

system:aggregate-to-edit into:edit
READ | core | pods/attach pods/proxy pods/exec pods/portforward secrets services/proxy
impersonate | core | serviceaccounts
WRITE | core | pods pods/attach pods/proxy pods/exec pods/portforward
create | core | pods/eviction
WRITE | core | replicationcontrollers replicationcontrollers/scale serviceaccounts services services/proxy \
persistentvolumeclaims configmaps secrets events
create | core | serviceaccounts/token
WRITE | apps | statefulsets statefulsets/scale daemonsets deployments deployments/scale deployments/rollback \
replicasets replicasets/scale
WRITE | autoscaling | horizontalpodautoscalers
WRITE | batch | jobs cronjobs
WRITE | extensions | daemonsets deployments deployments/scale deployments/rollback ingresses replicasets \
replicasets/scale replicationcontrollers/scale networkpolicies
WRITE | policy | poddisruptionbudgets
WRITE | networking.k8s.io | networkpolicies ingresses
ALL8 | coordination.k8s.io | leases
WRITE | resource.k8s.io | resourceclaims resourceclaimtemplates

system:aggregate-to-view into:view
READ | core | pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status \
endpoints persistentvolumeclaims persistentvolumeclaims/status configmaps
READ | core | limitranges resourcequotas bindings events pods/status resourcequotas/status namespaces/status \
replicationcontrollers/status pods/log
READ | core | namespaces
READ | discovery.k8s.io | endpointslices
READ | apps | controllerrevisions statefulsets statefulsets/status statefulsets/scale daemonsets daemonsets/status \
deployments deployments/status deployments/scale replicasets replicasets/status replicasets/scale
READ | autoscaling | horizontalpodautoscalers horizontalpodautoscalers/status
READ | batch | jobs cronjobs cronjobs/status jobs/status
READ | extensions | daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses \
ingresses/status replicasets replicasets/scale replicasets/status replicationcontrollers/scale networkpolicies
READ | policy | poddisruptionbudgets poddisruptionbudgets/status
READ | networking.k8s.io | networkpolicies ingresses ingresses/status
READ | resource.k8s.io | resourceclaims resourceclaims/status resourceclaimtemplates

system:auth-delegator
create | authentication.k8s.io | tokenreviews
create | authorization.k8s.io | subjectaccessreviews

system:basic-user
create | authorization.k8s.io | selfsubjectaccessreviews selfsubjectrulesreviews
create | authentication.k8s.io | selfsubjectreviews

system:certificates.k8s.io:certificatesigningrequests:nodeclient
create | certificates.k8s.io | certificatesigningrequests/nodeclient

system:certificates.k8s.io:certificatesigningrequests:selfnodeclient
create | certificates.k8s.io | certificatesigningrequests/selfnodeclient

system:certificates.k8s.io:kube-apiserver-client-approver
approve | certificates.k8s.io | signers | kubernetes.io/kube-apiserver-client

system:certificates.k8s.io:kube-apiserver-client-kubelet-approver
approve | certificates.k8s.io | signers | kubernetes.io/kube-apiserver-client-kubelet

system:certificates.k8s.io:kubelet-serving-approver
approve | certificates.k8s.io | signers | kubernetes.io/kubelet-serving

system:certificates.k8s.io:legacy-unknown-approver
approve | certificates.k8s.io | signers | kubernetes.io/legacy-unknown

system:discovery
get | /api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/

system:heapster
READ | core | events namespaces nodes pods
READ | extensions | deployments

system:kube-aggregator
READ | core | endpoints services

system:kube-controller-manager
create patch update | core events.k8s.io | events
create | coordination.k8s.io | leases
get update | coordination.k8s.io | leases | kube-controller-manager
create | core | secrets serviceaccounts
delete | core | secrets
get | core | configmaps namespaces secrets serviceaccounts
update | core | secrets serviceaccounts
create | authentication.k8s.io | tokenreviews
create | authorization.k8s.io | subjectaccessreviews
list watch | * | *
create | core | serviceaccounts/token

system:kube-dns
list watch | core | endpoints services

system:kube-scheduler
create patch update | core events.k8s.io | events
create | coordination.k8s.io | leases
get update | coordination.k8s.io | leases | kube-scheduler
READ | core | nodes
delete get list watch | core | pods
create | core | bindings pods/binding
patch update | core | pods/status
READ | core | replicationcontrollers services
READ | apps extensions | replicasets
READ | apps | statefulsets
READ | policy | poddisruptionbudgets
READ | core | persistentvolumeclaims persistentvolumes
create | authentication.k8s.io | tokenreviews
create | authorization.k8s.io | subjectaccessreviews
READ | storage.k8s.io | csinodes
READ | storage.k8s.io | volumeattachments
READ | core | namespaces
READ | storage.k8s.io | csidrivers
READ | storage.k8s.io | csistoragecapacities
READ | resource.k8s.io | deviceclasses
get list patch update watch | resource.k8s.io | resourceclaims
get list patch update watch | resource.k8s.io | resourceclaims/status
get list patch update watch | core | pods/finalizers
READ | resource.k8s.io | resourceslices
patch update | resource.k8s.io | resourceclaims/binding

system:kubelet-api-admin
READ | core | nodes
proxy | core | nodes
* | core | nodes/log nodes/metrics nodes/proxy nodes/stats
* | core | nodes/configz nodes/healthz nodes/pods

system:monitoring
get | /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*
get | /flagz
get | /statusz

system:node
create | authentication.k8s.io | tokenreviews
create | authorization.k8s.io | localsubjectaccessreviews subjectaccessreviews
READ | core | services
create get list watch | core | nodes
patch update | core | nodes/status
patch update | core | nodes
create patch update | core | events
READ | core | pods
create delete | core | pods
patch update | core | pods/status
create | core | pods/eviction
READ | core | configmaps secrets
get | core | persistentvolumeclaims persistentvolumes
get | core | endpoints
create get list watch | certificates.k8s.io | certificatesigningrequests
create delete get patch update | coordination.k8s.io | leases
get | storage.k8s.io | volumeattachments
create | core | serviceaccounts/token
get patch update | core | persistentvolumeclaims/status
READ | storage.k8s.io | csidrivers
create delete get patch update | storage.k8s.io | csinodes
READ | node.k8s.io | runtimeclasses
get | resource.k8s.io | resourceclaims
deletecollection | resource.k8s.io | resourceslices
get | core | serviceaccounts

system:node-bootstrapper
create get list watch | certificates.k8s.io | certificatesigningrequests

system:node-problem-detector
get | core | nodes
patch | core | nodes/status
create patch update | core events.k8s.io | events

system:node-proxier
list watch | core | endpoints services
READ | core | nodes
create patch update | core events.k8s.io | events
list watch | networking.k8s.io | servicecidrs
list watch | discovery.k8s.io | endpointslices

system:persistent-volume-provisioner
create delete get list watch | core | persistentvolumes
get list update watch | core | persistentvolumeclaims
READ | storage.k8s.io | storageclasses
watch | core | events
create patch update | core events.k8s.io | events

system:public-info-viewer
get | /healthz /livez /readyz /version /version/

system:service-account-issuer-discovery
get | /.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/

system:volume-scheduler
get list patch update watch | core | persistentvolumes
READ | storage.k8s.io | storageclasses
get list patch update watch | core | persistentvolumeclaims
"""

CLUSTER_BINDINGS: Final = """\
cluster-admin group:system:masters
system:basic-user group:system:authenticated
system:discovery group:system:authenticated
system:kube-controller-manager user:system:kube-controller-manager
system:kube-dns sa:kube-system/kube-dns
system:kube-scheduler user:system:kube-scheduler
system:monitoring group:system:monitoring
system:node
system:node-proxier user:system:kube-proxy
system:public-info-viewer group:system:authenticated group:system:unauthenticated
system:service-account-issuer-discovery group:system:serviceaccounts
system:volume-scheduler user:system:kube-scheduler
"""

NAMESPACED_ROLES: Final = f"""\
kube-public system:controller:bootstrap-signer
READ | core | configmaps
update | core | configmaps | cluster-info
{EVENTS}

kube-system extension-apiserver-authentication-reader
READ | core | configmaps | extension-apiserver-authentication

kube-system system::leader-locking-kube-controller-manager
watch | core | configmaps
get update | core | configmaps | kube-controller-manager
create get list update watch | coordination.k8s.io | leases

kube-system system::leader-locking-kube-scheduler
watch | core | configmaps
get update | core | configmaps | kube-scheduler

kube-system system:controller:bootstrap-signer
READ | core | secrets

kube-system system:controller:cloud-provider
create get list watch | core | configmaps

kube-system system:controller:token-cleaner
delete get list watch | core | secrets
{EVENTS}
"""

NAMESPACED_BINDINGS: Final = """\
kube-public system:controller:bootstrap-signer system:controller:bootstrap-signer sa:kube-system/bootstrap-signer
kube-system system::extension-apiserver-authentication-reader extension-apiserver-authentication-reader \
user:system:kube-controller-manager user:system:kube-scheduler
kube-system system::leader-locking-kube-controller-manager system::leader-locking-kube-controller-manager \
user:system:kube-controller-manager sa:kube-system/kube-controller-manager sa:kube-system/leader-election-controller
kube-system system::leader-locking-kube-scheduler system::leader-locking-kube-scheduler user:system:kube-scheduler \
sa:kube-system/kube-scheduler
kube-system system:controller:bootstrap-signer system:controller:bootstrap-signer sa:kube-system/bootstrap-signer
kube-system system:controller:cloud-provider system:controller:cloud-provider sa:kube-system/cloud-provider
kube-system system:controller:token-cleaner system:controller:token-cleaner sa:kube-system/token-cleaner
"""
