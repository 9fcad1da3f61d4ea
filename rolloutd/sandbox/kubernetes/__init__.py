"""A small Kubernetes API server: real enough for kubectl and for the daemon.

``store`` holds objects and their versions, ``verbs`` is what can be asked of it by path,
``server`` speaks HTTP and ``direct`` is ``ports.KubeApi`` without any HTTP. ``workloads`` runs
Deployments.
"""
