# They need a built wheel: tox run -e dist
collect_ignore = ["wheel"]
