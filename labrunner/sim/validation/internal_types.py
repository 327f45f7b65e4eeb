"""The API server's internal pod types, as far as its messages show them.

Some errors print a whole object in the server's internal Go types: field names capitalised, unset pointers and lists as
null, in declaration order. Each entry is ``GoName:jsonName:kind``; the kinds are s (string), i (integer), b (boolean),
n (anything nullable, shown as it is), [T] a list, {T} a nullable struct, T an embedded value and ``+T`` fields that
belong to the surrounding struct. ``^`` marks a pod field that internally lives in the security context.
Source: observed output of kube-apiserver v1.36 and the public field order of its types.
"""

from __future__ import annotations

from typing import Final

TYPES: Final[dict[str, str]] = {
    "PodTemplateSpec": "Spec:spec:PodSpec",
    "PodSpec": (
        "Volumes:volumes:[Volume] InitContainers:initContainers:[Container] Containers:containers:[Container] "
        "EphemeralContainers:ephemeralContainers:[EphemeralContainer] RestartPolicy:restartPolicy:s "
        "TerminationGracePeriodSeconds:terminationGracePeriodSeconds:n ActiveDeadlineSeconds:activeDeadlineSeconds:n "
        "DNSPolicy:dnsPolicy:s NodeSelector:nodeSelector:n ServiceAccountName:serviceAccountName:s "
        "AutomountServiceAccountToken:automountServiceAccountToken:n NodeName:nodeName:s "
        "SecurityContext:securityContext:{PodSecurityContext} ImagePullSecrets:imagePullSecrets:[LocalObjectReference] "
        "Hostname:hostname:s Subdomain:subdomain:s SetHostnameAsFQDN:setHostnameAsFQDN:n Affinity:affinity:{Affinity} "
        "SchedulerName:schedulerName:s Tolerations:tolerations:[Toleration] HostAliases:hostAliases:[HostAlias] "
        "PriorityClassName:priorityClassName:s Priority:priority:n PreemptionPolicy:preemptionPolicy:n "
        "DNSConfig:dnsConfig:{PodDNSConfig} ReadinessGates:readinessGates:[ReadinessGate] "
        "RuntimeClassName:runtimeClassName:n Overhead:overhead:n EnableServiceLinks:enableServiceLinks:n "
        "TopologySpreadConstraints:topologySpreadConstraints:[TopologySpreadConstraint] OS:os:{OS} "
        "SchedulingGates:schedulingGates:[SchedulingGate] ResourceClaims:resourceClaims:[PodResourceClaim] "
        "Resources:resources:{ResourceRequirements} HostnameOverride:hostnameOverride:n SchedulingGroup:schedulingGroup:n"
    ),
    "PodSecurityContext": (
        "HostNetwork:^hostNetwork:b HostPID:^hostPID:b HostIPC:^hostIPC:b "
        "ShareProcessNamespace:^shareProcessNamespace:n HostUsers:^hostUsers:n SELinuxOptions:seLinuxOptions:{SELinux} "
        "WindowsOptions:windowsOptions:{Windows} RunAsUser:runAsUser:n RunAsGroup:runAsGroup:n "
        "RunAsNonRoot:runAsNonRoot:n SupplementalGroups:supplementalGroups:n "
        "SupplementalGroupsPolicy:supplementalGroupsPolicy:n FSGroup:fsGroup:n "
        "FSGroupChangePolicy:fsGroupChangePolicy:n Sysctls:sysctls:[Sysctl] SeccompProfile:seccompProfile:{Profile} "
        "AppArmorProfile:appArmorProfile:{Profile} SELinuxChangePolicy:seLinuxChangePolicy:n"
    ),
    "SELinux": "User:user:s Role:role:s Type:type:s Level:level:s",
    "Windows": (
        "GMSACredentialSpecName:gmsaCredentialSpecName:n GMSACredentialSpec:gmsaCredentialSpec:n "
        "RunAsUserName:runAsUserName:n HostProcess:hostProcess:n"
    ),
    "Profile": "Type:type:s LocalhostProfile:localhostProfile:n",
    "Sysctl": "Name:name:s Value:value:s",
    "LocalObjectReference": "Name:name:s",
    "Toleration": "Key:key:s Operator:operator:s Value:value:s Effect:effect:s TolerationSeconds:tolerationSeconds:n",
    "HostAlias": "IP:ip:s Hostnames:hostnames:n",
    "PodDNSConfig": "Nameservers:nameservers:n Searches:searches:n Options:options:[DNSOption]",
    "DNSOption": "Name:name:s Value:value:n",
    "ReadinessGate": "ConditionType:conditionType:s",
    "TopologySpreadConstraint": (
        "MaxSkew:maxSkew:i TopologyKey:topologyKey:s WhenUnsatisfiable:whenUnsatisfiable:s LabelSelector:labelSelector:n "
        "MinDomains:minDomains:n NodeAffinityPolicy:nodeAffinityPolicy:n NodeTaintsPolicy:nodeTaintsPolicy:n "
        "MatchLabelKeys:matchLabelKeys:n"
    ),
    "OS": "Name:name:s",
    "SchedulingGate": "Name:name:s",
    "PodResourceClaim": (
        "Name:name:s ResourceClaimName:resourceClaimName:n ResourceClaimTemplateName:resourceClaimTemplateName:n"
    ),
    "Affinity": (
        "NodeAffinity:nodeAffinity:{NodeAffinity} PodAffinity:podAffinity:{PodAffinity} "
        "PodAntiAffinity:podAntiAffinity:{PodAffinity}"
    ),
    "NodeAffinity": (
        "RequiredDuringSchedulingIgnoredDuringExecution:requiredDuringSchedulingIgnoredDuringExecution:{NodeSelector} "
        "PreferredDuringSchedulingIgnoredDuringExecution:preferredDuringSchedulingIgnoredDuringExecution:[PreferredTerm]"
    ),
    "NodeSelector": "NodeSelectorTerms:nodeSelectorTerms:[NodeTerm]",
    "NodeTerm": "MatchExpressions:matchExpressions:[Expression] MatchFields:matchFields:[Expression]",
    "Expression": "Key:key:s Operator:operator:s Values:values:n",
    "PreferredTerm": "Weight:weight:i Preference:preference:NodeTerm",
    "PodAffinity": (
        "RequiredDuringSchedulingIgnoredDuringExecution:requiredDuringSchedulingIgnoredDuringExecution:[PodTerm] "
        "PreferredDuringSchedulingIgnoredDuringExecution:preferredDuringSchedulingIgnoredDuringExecution:[WeightedTerm]"
    ),
    "PodTerm": (
        "LabelSelector:labelSelector:n Namespaces:namespaces:n TopologyKey:topologyKey:s "
        "NamespaceSelector:namespaceSelector:n MatchLabelKeys:matchLabelKeys:n MismatchLabelKeys:mismatchLabelKeys:n"
    ),
    "WeightedTerm": "Weight:weight:i PodAffinityTerm:podAffinityTerm:PodTerm",
    "Container": (
        "Name:name:s Image:image:s Command:command:n Args:args:n WorkingDir:workingDir:s Ports:ports:[Port] "
        "EnvFrom:envFrom:[EnvFrom] Env:env:[Env] Resources:resources:ResourceRequirements "
        "ResizePolicy:resizePolicy:[ResizePolicy] RestartPolicy:restartPolicy:n RestartPolicyRules:restartPolicyRules:n "
        "VolumeMounts:volumeMounts:[Mount] VolumeDevices:volumeDevices:[Device] LivenessProbe:livenessProbe:{Probe} "
        "ReadinessProbe:readinessProbe:{Probe} StartupProbe:startupProbe:{Probe} Lifecycle:lifecycle:{Lifecycle} "
        "TerminationMessagePath:terminationMessagePath:s TerminationMessagePolicy:terminationMessagePolicy:s "
        "ImagePullPolicy:imagePullPolicy:s SecurityContext:securityContext:{SecurityContext} Stdin:stdin:b "
        "StdinOnce:stdinOnce:b TTY:tty:b"
    ),
    "EphemeralContainer": "+:+:Container TargetContainerName:targetContainerName:s",
    "Port": "Name:name:s HostPort:hostPort:i ContainerPort:containerPort:i Protocol:protocol:s HostIP:hostIP:s",
    "EnvFrom": "Prefix:prefix:s ConfigMapRef:configMapRef:{OptionalRef} SecretRef:secretRef:{OptionalRef}",
    "OptionalRef": "Name:name:s Optional:optional:n",
    "Env": "Name:name:s Value:value:s ValueFrom:valueFrom:{EnvSource}",
    "EnvSource": (
        "FieldRef:fieldRef:{FieldRef} ResourceFieldRef:resourceFieldRef:{ResourceFieldRef} "
        "ConfigMapKeyRef:configMapKeyRef:{KeyRef} SecretKeyRef:secretKeyRef:{KeyRef} FileKeyRef:fileKeyRef:n"
    ),
    "FieldRef": "APIVersion:apiVersion:s FieldPath:fieldPath:s",
    "ResourceFieldRef": "ContainerName:containerName:s Resource:resource:s Divisor:divisor:q",
    "KeyRef": "Name:name:s Key:key:s Optional:optional:n",
    "ResourceRequirements": "Limits:limits:n Requests:requests:n Claims:claims:[ResourceClaim]",
    "ResourceClaim": "Name:name:s Request:request:s",
    "ResizePolicy": "ResourceName:resourceName:s RestartPolicy:restartPolicy:s",
    "Mount": (
        "Name:name:s ReadOnly:readOnly:b RecursiveReadOnly:recursiveReadOnly:n MountPath:mountPath:s SubPath:subPath:s "
        "MountPropagation:mountPropagation:n SubPathExpr:subPathExpr:s"
    ),
    "Device": "Name:name:s DevicePath:devicePath:s",
    "Probe": (
        "Exec:exec:{Exec} HTTPGet:httpGet:{HTTPGet} TCPSocket:tcpSocket:{TCPSocket} GRPC:grpc:{GRPC} "
        "InitialDelaySeconds:initialDelaySeconds:i TimeoutSeconds:timeoutSeconds:i PeriodSeconds:periodSeconds:i "
        "SuccessThreshold:successThreshold:i FailureThreshold:failureThreshold:i "
        "TerminationGracePeriodSeconds:terminationGracePeriodSeconds:n"
    ),
    "Exec": "Command:command:n",
    "HTTPGet": "Path:path:s Port:port:n Host:host:s Scheme:scheme:s HTTPHeaders:httpHeaders:[Header]",
    "Header": "Name:name:s Value:value:s",
    "TCPSocket": "Port:port:n Host:host:s",
    "GRPC": "Port:port:i Service:service:n",
    "Sleep": "Seconds:seconds:i",
    "Lifecycle": "PostStart:postStart:{Handler} PreStop:preStop:{Handler} StopSignal:stopSignal:n",
    "Handler": "Exec:exec:{Exec} HTTPGet:httpGet:{HTTPGet} TCPSocket:tcpSocket:{TCPSocket} Sleep:sleep:{Sleep}",
    "SecurityContext": (
        "Capabilities:capabilities:{Capabilities} Privileged:privileged:n SELinuxOptions:seLinuxOptions:{SELinux} "
        "WindowsOptions:windowsOptions:{Windows} RunAsUser:runAsUser:n RunAsGroup:runAsGroup:n "
        "RunAsNonRoot:runAsNonRoot:n ReadOnlyRootFilesystem:readOnlyRootFilesystem:n "
        "AllowPrivilegeEscalation:allowPrivilegeEscalation:n ProcMount:procMount:n "
        "SeccompProfile:seccompProfile:{Profile} AppArmorProfile:appArmorProfile:{Profile}"
    ),
    "Capabilities": "Add:add:n Drop:drop:n",
    "Volume": (
        "Name:name:s HostPath:hostPath:{HostPath} EmptyDir:emptyDir:{EmptyDir} GCEPersistentDisk:gcePersistentDisk:n "
        "AWSElasticBlockStore:awsElasticBlockStore:n GitRepo:gitRepo:n Secret:secret:{SecretVolume} NFS:nfs:{NFS} "
        "ISCSI:iscsi:n Glusterfs:glusterfs:n PersistentVolumeClaim:persistentVolumeClaim:{ClaimVolume} RBD:rbd:n "
        "Quobyte:quobyte:n FlexVolume:flexVolume:n Cinder:cinder:n CephFS:cephfs:n Flocker:flocker:n "
        "DownwardAPI:downwardAPI:{DownwardVolume} FC:fc:n AzureFile:azureFile:n ConfigMap:configMap:{ConfigMapVolume} "
        "VsphereVolume:vsphereVolume:n AzureDisk:azureDisk:n PhotonPersistentDisk:photonPersistentDisk:n "
        "Projected:projected:{Projected} PortworxVolume:portworxVolume:n ScaleIO:scaleIO:n StorageOS:storageos:n "
        "CSI:csi:{CSI} Ephemeral:ephemeral:n Image:image:{Image}"
    ),
    "HostPath": "Path:path:s Type:type:n",
    "EmptyDir": "Medium:medium:s SizeLimit:sizeLimit:n",
    "SecretVolume": "SecretName:secretName:s Items:items:[KeyToPath] DefaultMode:defaultMode:n Optional:optional:n",
    "ConfigMapVolume": "Name:name:s Items:items:[KeyToPath] DefaultMode:defaultMode:n Optional:optional:n",
    "KeyToPath": "Key:key:s Path:path:s Mode:mode:n",
    "NFS": "Server:server:s Path:path:s ReadOnly:readOnly:b",
    "ClaimVolume": "ClaimName:claimName:s ReadOnly:readOnly:b",
    "DownwardVolume": "Items:items:[DownwardFile] DefaultMode:defaultMode:n",
    "DownwardFile": (
        "Path:path:s FieldRef:fieldRef:{FieldRef} ResourceFieldRef:resourceFieldRef:{ResourceFieldRef} Mode:mode:n"
    ),
    "Projected": "Sources:sources:[Projection] DefaultMode:defaultMode:n",
    "Projection": (
        "Secret:secret:{ObjectProjection} DownwardAPI:downwardAPI:{DownwardProjection} "
        "ConfigMap:configMap:{ObjectProjection} ServiceAccountToken:serviceAccountToken:{Token} "
        "ClusterTrustBundle:clusterTrustBundle:n PodCertificate:podCertificate:n"
    ),
    "ObjectProjection": "Name:name:s Items:items:[KeyToPath] Optional:optional:n",
    "DownwardProjection": "Items:items:[DownwardFile]",
    "Token": "Audience:audience:s ExpirationSeconds:expirationSeconds:i Path:path:s",
    "CSI": (
        "Driver:driver:s ReadOnly:readOnly:n FSType:fsType:n VolumeAttributes:volumeAttributes:n "
        "NodePublishSecretRef:nodePublishSecretRef:{LocalObjectReference}"
    ),
    "Image": "Reference:reference:s PullPolicy:pullPolicy:s",
    "PersistentVolumeClaimSpec": (
        "AccessModes:accessModes:n Selector:selector:n Resources:resources:VolumeResources VolumeName:volumeName:s "
        "StorageClassName:storageClassName:n VolumeMode:volumeMode:n DataSource:dataSource:{DataSource} "
        "DataSourceRef:dataSourceRef:{DataSourceRef} VolumeAttributesClassName:volumeAttributesClassName:n"
    ),
    "VolumeResources": "Limits:limits:n Requests:requests:n",
    "DataSource": "APIGroup:apiGroup:n Kind:kind:s Name:name:s",
    "DataSourceRef": "APIGroup:apiGroup:n Kind:kind:s Name:name:s Namespace:namespace:n",
    "PersistentVolumeSource": (
        "GCEPersistentDisk:gcePersistentDisk:n AWSElasticBlockStore:awsElasticBlockStore:n HostPath:hostPath:{HostPath} "
        "Glusterfs:glusterfs:n NFS:nfs:{NFS} RBD:rbd:n Quobyte:quobyte:n ISCSI:iscsi:n FlexVolume:flexVolume:n "
        "Cinder:cinder:n CephFS:cephfs:n FC:fc:n Flocker:flocker:n AzureFile:azureFile:n VsphereVolume:vsphereVolume:n "
        "AzureDisk:azureDisk:n PhotonPersistentDisk:photonPersistentDisk:n PortworxVolume:portworxVolume:n "
        "ScaleIO:scaleIO:n Local:local:{LocalVolume} StorageOS:storageos:n CSI:csi:{PersistentCSI}"
    ),
    "PersistentCSI": (
        "Driver:driver:s VolumeHandle:volumeHandle:s ReadOnly:readOnly:b FSType:fsType:s "
        "VolumeAttributes:volumeAttributes:n ControllerPublishSecretRef:controllerPublishSecretRef:{SecretReference} "
        "NodeStageSecretRef:nodeStageSecretRef:{SecretReference} "
        "NodePublishSecretRef:nodePublishSecretRef:{SecretReference} "
        "ControllerExpandSecretRef:controllerExpandSecretRef:{SecretReference} "
        "NodeExpandSecretRef:nodeExpandSecretRef:{SecretReference}"
    ),
    "SecretReference": "Name:name:s Namespace:namespace:s",
    "VolumeNodeAffinity": "Required:required:{NodeSelector}",
    "LocalVolume": "Path:path:s FSType:fsType:n",
    "PodDisruptionBudgetSpec": (
        "MinAvailable:minAvailable:n Selector:selector:n MaxUnavailable:maxUnavailable:n "
        "UnhealthyPodEvictionPolicy:unhealthyPodEvictionPolicy:n"
    ),
    "DeploymentStrategy": "Type:type:s RollingUpdate:rollingUpdate:{RollingUpdateDeployment}",
    "RollingUpdateDeployment": "MaxUnavailable:maxUnavailable:i MaxSurge:maxSurge:i",
    "DaemonSetUpdateStrategy": "Type:type:s RollingUpdate:rollingUpdate:{RollingUpdateDaemonSet}",
    "RollingUpdateDaemonSet": "MaxUnavailable:maxUnavailable:i MaxSurge:maxSurge:i",
    "StatefulSetUpdateStrategy": "Type:type:s RollingUpdate:rollingUpdate:{RollingUpdateStatefulSetStrategy}",
    "RollingUpdateStatefulSetStrategy": "Partition:partition:i MaxUnavailable:maxUnavailable:n",
    "JobSuccessPolicy": "Rules:rules:[SuccessPolicyRule]",
    "SuccessPolicyRule": "SucceededIndexes:succeededIndexes:n SucceededCount:succeededCount:n",
    "PodFailurePolicy": "Rules:rules:[PodFailurePolicyRule]",
    "PodFailurePolicyRule": (
        "Action:action:s OnExitCodes:onExitCodes:{OnExitCodes} OnPodConditions:onPodConditions:[OnPodCondition]"
    ),
    "OnExitCodes": "ContainerName:containerName:n Operator:operator:s Values:values:n",
    "OnPodCondition": "Type:type:s Status:status:s",
    "ScopeSelector": "MatchExpressions:matchExpressions:[ScopeRequirement]",
    "ScopeRequirement": "ScopeName:scopeName:s Operator:operator:s Values:values:n",
    "RoleRef": "APIGroup:apiGroup:s Kind:kind:s Name:name:s",
    "ResourceClaimTemplateSpec": "ObjectMeta:metadata:n Spec:spec:ResourceClaimSpec",
    "ResourceClaimSpec": "Devices:devices:DeviceClaim",
    "DeviceClaim": "Requests:requests:[DeviceRequest] Constraints:constraints:n Config:config:n",
    "DeviceRequest": "Name:name:s Exactly:exactly:{ExactDevices} FirstAvailable:firstAvailable:n",
    "ExactDevices": (
        "DeviceClassName:deviceClassName:s Selectors:selectors:n AllocationMode:allocationMode:s Count:count:i "
        "AdminAccess:adminAccess:n Tolerations:tolerations:n Capacity:capacity:n"
    ),
}
