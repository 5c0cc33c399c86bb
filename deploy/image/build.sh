#!/usr/bin/env bash
# Build the image: a bento, `bentoml containerize`, and a plain image of what it needs to run. Environment, all optional:
#   TOOL    docker, podman or buildah; the first of them that works here
#   IMAGE   name and tag of the result                       (hindi-stt:VERSION, hindi-stt:VERSION-VARIANT)
#   BASE    what it stands on; needs Python 3.11 and apt     (python:3.11-slim)
#   VARIANT cpu, openvino or cuda: what runs the model       (cpu)
#   BUNDLE  the bundle folder that it serves                 (the embedded one)
set -euo pipefail
cd "$(dirname "$0")/../.."
for tool in docker podman buildah; do
  TOOL=${TOOL:-$("$tool" info >/dev/null 2>&1 && echo "$tool" || true)}
done
: "${TOOL:?docker, podman or buildah has to run here}"
BENTOML=${BENTOML:-.venv/bin/bentoml}
BASE=${BASE:-python:3.11-slim}
VARIANT=${VARIANT:-cpu}
case $VARIANT in cpu) suffix= ;; openvino | cuda) suffix=-$VARIANT ;; *) echo "VARIANT is cpu, openvino or cuda" >&2; exit 2 ;; esac
BUNDLE=$(realpath "${BUNDLE:-hindi_stt/embedded}")
facts='import sys, hindi_stt; from hindi_stt.bundle.manifest import Bundle; print(hindi_stt.__version__, Bundle.open(sys.argv[1]).tag)'
read -r VERSION MODEL < <("$(dirname "$BENTOML")/python" -c "$facts" "$BUNDLE")
IMAGE=${IMAGE:-hindi-stt:$VERSION$suffix}
REVISION=$(git describe --always --dirty --abbrev=40 2>/dev/null || echo unknown)
BENTO_IMAGE=localhost/hindi-stt-bento:$VERSION
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A store of its own: what else lies in the user's stays out of it.
export BENTOML_HOME=$work/bentoml BENTOML_DO_NOT_TRACK=True
sed "s|^  base_image: .*|  base_image: $BASE|" bentofile.yaml > "$work/bentofile.yaml"
# Named as a folder, the model stays out of the bento and is copied below, once.
HINDI_STT_MODEL=$BUNDLE "$BENTOML" build --bentofile "$work/bentofile.yaml" --output tag . >"$work/bento"
"$BENTOML" containerize "$(sed -n 's/^__tag__://p' "$work/bento")" --backend "$TOOL" --image-tag "$BENTO_IMAGE"

mkdir "$work/context"
cp deploy/image/Dockerfile deploy/image/licences.py "$work/context/"
if [ "$VARIANT" = cpu ]; then : > "$work/context/variant.lock"; else cp "requirements/$VARIANT.lock" "$work/context/variant.lock"; fi
cp -rL "$BUNDLE" "$work/context/bundle"
build=("$TOOL" build)
[ "$TOOL" = docker ] || build+=(--format docker)  # the OCI format has no HEALTHCHECK
"${build[@]}" --tag "$IMAGE" --build-arg BASE="$BASE" --build-arg BENTO_IMAGE="$BENTO_IMAGE" \
  --build-arg VERSION="$VERSION" --build-arg REVISION="$REVISION" --build-arg MODEL="$MODEL" --build-arg VARIANT="$VARIANT" \
  --build-arg CREATED="$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$work/context"
echo "$IMAGE"
