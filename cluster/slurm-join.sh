#!/bin/bash
# slurm-join.sh FOLDER OUTPUT [OPTIONS OF stylize-video]: joins the parts of a film.
#SBATCH --job-name=stylize-join
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#SBATCH --output=stylize-join-%j.log
set -eu

folder=$1
output=$2
shift 2
exec stylize-video --join --progress plain "$@" "$folder" "$output"
