
set edit:completion:arg-completer[smartextract] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) SMARTEXTRACT_COMPLETE="elvish" smartextract -- $@words) | to-lines
}

