# Completion of 'pipeline' for fish. It asks the command itself, so it is never out of date.
function __pipeline_complete
    set -l words (commandline --cut-at-cursor --tokenize --current-process) (commandline --cut-at-cursor --current-token)
    set -l line (string join -- ' ' $words[2..-1])
    command $words[1] "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
end
complete --command pipeline --arguments '(__pipeline_complete)'
