# Completion of 'pipeline' for bash. It asks the command itself, so it is never out of date.
_pipeline() {
  local word="${COMP_WORDS[COMP_CWORD]}" line="${COMP_LINE:0:COMP_POINT}" found
  # The command's own name is left out: it may be a path.
  line="${line#"${line%%[![:space:]]*}"}"
  [[ $line == *[[:space:]]* ]] || return 0
  line="${line#*[[:space:]]}"
  COMPREPLY=()
  while IFS= read -r found; do
    [[ -n $found && $found == "$word"* ]] && COMPREPLY+=("$found")
  done < <("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)
}
complete -o bashdefault -o default -F _pipeline pipeline
