complete --keep-order --exclusive --command smartextract --arguments "(SMARTEXTRACT_COMPLETE=fish smartextract -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"

complete --command smartextract --condition "contains -- -- (commandline --current-process --tokenize --cut-at-cursor)" \
    --arguments "(complete --do-complete (commandline --current-process --cut-at-cursor | string replace --regex '^.*? -- ' ''))"
