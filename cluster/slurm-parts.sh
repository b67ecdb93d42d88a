#!/bin/bash
# slurm-parts.sh FILM FOLDER [OPTIONS OF stylize-video]: paints one part of a film for each task of an array.
#
#     sbatch --array=1-12 slurm-parts.sh in.mp4 parts --style wave
#
# Film and folder are on a disk that all nodes see. slurm-film submits it together with the join.
#SBATCH --job-name=stylize-parts
#SBATCH --cpus-per-task=4
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=stylize-parts-%A_%a.log
set -eu

if [ -z "${SLURM_ARRAY_TASK_MAX:-}" ] || [ "${SLURM_ARRAY_TASK_MIN:-0}" != 1 ]; then
  echo "slurm-parts.sh: submit it as an array from 1, such as: sbatch --array=1-12 slurm-parts.sh in.mp4 parts" >&2
  exit 2
fi
film=$1
folder=$2
shift 2
# All parts must have the same number of threads, whatever the nodes have.
exec stylize-video --part "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_MAX" --threads "${SLURM_CPUS_PER_TASK:-4}" \
  --progress plain "$@" "$film" "$folder"
