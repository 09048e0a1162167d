# Sourced by scripts that run named steps one after another and say how long each took, and how long a processor.
#
#   total=3
#   step NAME COMMAND...   runs the command; a failure is counted and the next step still runs
#   finish                 repeats the last lines of every step that failed, and ends with 1 then

number=0
failed=()
said=()
lines=40
started=$SECONDS

# The seconds of processor in the output of times that all ended steps have used. times cannot be asked here: a function
# in $( ) would be told of its own children.
processor() { awk 'NR == 2 { split($1, u, /[ms]/); split($2, s, /[ms]/); printf "%d", (u[1] + s[1]) * 60 + u[2] + s[2] }' "$1"; }

step() {
  local name=$1 began=$SECONDS log status teller before used
  shift
  log=$(mktemp)
  times >"$log"
  before=$(processor "$log")
  number=$((number + 1))
  echo "[$number of $total] $name"
  # The reader ends when the last one who may write does, also after Ctrl-C. What a step leaves running must have
  # its output elsewhere; who does not is waited for a minute.
  exec 3> >(exec tee -i "$log")
  teller=$!
  "$@" >&3 2>&1 3>&-
  status=$?
  exec 3>&-
  for _ in {1..600}; do
    kill -0 "$teller" 2>/dev/null || break
    sleep 0.1
  done
  if kill -0 "$teller" 2>/dev/null; then kill "$teller"; fi
  wait "$teller"
  times >"$log.times"
  used=$(($(processor "$log.times") - before))
  rm -f "$log.times"
  if [ "$status" = 0 ]; then
    rm -f "$log"
    echo "[$number of $total] $name: passed in $((SECONDS - began))s (${used}s of a processor)"
  else
    failed+=("$name")
    said+=("$log")
    echo "[$number of $total] $name: FAILED after $((SECONDS - began))s (${used}s of a processor)"
  fi
}

finish() {
  local i
  if [ ${#failed[@]} -gt 0 ]; then
    for i in "${!failed[@]}"; do
      echo "---- the end of what ${failed[$i]} said:"
      tail -n "$lines" "${said[$i]}"
      rm -f "${said[$i]}"
    done
    echo "FAILED in $((SECONDS - started))s:$(printf ' %s;' "${failed[@]}")"
    exit 1
  fi
  echo "all $total steps passed in $((SECONDS - started))s"
}
