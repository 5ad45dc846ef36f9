#!/bin/sh
# Checks and times @rnn on this machine's GPU: adapter, conformance kit, bench. Needs x86-64 Linux with a Vulkan driver; no network, no Node.
#
#   ./run.sh FOLDER [options of the bench, such as --rounds 9 or --only lstm-train-64x100x256x256]
#
# FOLDER gets adapter.json, conformance.json, results.json, results.md and chart.svg.
set -eu

case "${1:-}" in
  '' | -*)
    echo "usage: $0 FOLDER [options of the bench]: say where the results shall go" >&2
    exit 2
    ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift

if [ "$(uname -sm)" != 'Linux x86_64' ]; then
  echo "this folder is for x86-64 Linux, and here is $(uname -sm): pack one there with 'pnpm pack:gpu'" >&2
  exit 1
fi

# The system's own libraries come first: a driver may need newer ones than the folder brings.
libraries=${LD_LIBRARY_PATH:-}
for folder in /usr/local/nvidia/lib64 /usr/local/nvidia/lib "$here/lib"; do
  [ ! -d "$folder" ] || libraries=${libraries:+$libraries:}$folder
done
export LD_LIBRARY_PATH="$libraries"
# Node and Dawn need a C++ library as new as GCC 12's, which a bare system may lack.
loads() {
  "$here/bin/node" -e 'require(process.argv[1])' "$here/node_modules/webgpu/dist/linux-x64/dawn.node"
}
if ! loads >/dev/null 2>&1; then
  export LD_LIBRARY_PATH="$libraries:$here/lib/fallback"
  loads || {
    echo 'node and Dawn do not start here: they need glibc 2.34 or later, and libstdc++ of GCC 12 or later (the one in lib/fallback needs the glibc of the machine that packed it)' >&2
    exit 1
  }
fi

if [ -z "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ]; then
  searched='/usr/share/vulkan/icd.d /etc/vulkan/icd.d /usr/local/nvidia/share/vulkan/icd.d'
  drivers=''
  for folder in $searched; do
    for file in "$folder"/*.json; do
      [ ! -f "$file" ] || drivers=${drivers:+$drivers:}$file
    done
  done
  if [ -z "$drivers" ]; then
    echo "no Vulkan driver: there is no .json file in $searched; install the GPU's driver, or name its file in VK_DRIVER_FILES" >&2
    exit 1
  fi
  export VK_DRIVER_FILES="$drivers"
fi
echo "Vulkan drivers: ${VK_DRIVER_FILES:-$VK_ICD_FILENAMES}"

"$here/bin/node" "$here/bench/gpu-folder/show-adapter.ts" "$out"

status=0
"$here/bin/node" "$here/bench/gpu-folder/check-numbers.ts" "$out" || status=1

# What a processor computes in seconds where it imitates a GPU; the bench compares all outputs with those of @rnn/backend-cpu.
if grep -q '"software": true' "$out/adapter.json"; then
  only='lstm-infer-8x20x16x32,lstm-train-8x20x16x32,gru-train-8x20x16x32,lstm-step-64,text-train-4x8,matmul-128,add-65536'
else
  small='lstm-infer-32x50x64x128,gru-infer-32x50x64x128,lstm-train-32x50x64x128,gru-train-32x50x64x128'
  large='lstm-infer-64x100x256x256,gru-infer-64x100x256x256,lstm-train-64x100x256x256,gru-train-64x100x256x256'
  only="$small,$large,lstm-train-64x100x512x512,lstm-infer-64x512x64x64,lstm-step-128,text-train-32x30,matmul-1024,matmul-2048,matmul-4096,add-16777216"
fi
export RNN_BENCH_COMMAND='./run.sh FOLDER'
"$here/bin/node" "$here/bench/src/cli.ts" --only "$only" --subjects rnn-webgpu,rnn-wasm --rounds 5 --out "$out" "$@" || status=1

echo "results: $out"
exit $status
