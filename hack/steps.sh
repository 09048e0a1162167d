# Sourced by scripts that run named steps one after another and say how long each took.
#
#   total=3
#   step NAME COMMAND...   runs the command; a failure is counted and the next step still runs
#   finish                 ends with 1 when a step failed

number=0
failed=()
started=$SECONDS

step() {
  local name=$1 began=$SECONDS
  shift
  number=$((number + 1))
  echo "[$number of $total] $name"
  if "$@"; then
    echo "[$number of $total] $name: passed in $((SECONDS - began))s"
  else
    failed+=("$name")
    echo "[$number of $total] $name: FAILED after $((SECONDS - began))s"
  fi
}

finish() {
  if [ ${#failed[@]} -gt 0 ]; then
    echo "FAILED in $((SECONDS - started))s:$(printf ' %s;' "${failed[@]}")"
    exit 1
  fi
  echo "all $total steps passed in $((SECONDS - started))s"
}
