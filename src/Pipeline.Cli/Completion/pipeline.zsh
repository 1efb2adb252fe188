#compdef pipeline
# Completion of 'pipeline' for zsh. It asks the command itself, so it is never out of date.
_pipeline() {
  local line="${(j: :)words[2,CURRENT]}"
  local -a found
  found=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)}")
  found=(${found:#})
  (( $#found )) && compadd -a found
  _files
}
compdef _pipeline pipeline
