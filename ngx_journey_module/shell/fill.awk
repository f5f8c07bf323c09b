# Copyright (C) ngx_journey_module contributors
#
#   journey help --list > LIST; awk -f fill.awk LIST FRAME > OUT
#
# Fills a frame, journey.1.in or journey.bash.in: a line that is @COMMANDS@,
# @OPTIONS@, @TAKES@, @VALUES@ or @ARGUMENTS@ gives way to what the list says,
# and so do @VERSION@ and @NAMES@ within lines.

BEGIN {
    FS = "\t"
}

NR == FNR {
    read_list()
    next
}

$0 == "@COMMANDS@" { man_commands(); next }
$0 == "@OPTIONS@" { man_options(); next }
$0 == "@TAKES@" { bash_takes(); next }
$0 == "@VALUES@" { bash_values(); next }
$0 == "@ARGUMENTS@" { bash_arguments(); next }

{
    gsub(/@VERSION@/, version)
    gsub(/@NAMES@/, all_names())
    print
}


function read_list() {
    if ($1 == "version") {
        version = $2

    } else if ($1 == "group") {
        groups[++ngroups] = $2

    } else if ($1 == "command") {
        names[++ncommands] = $2
        group[$2] = $3
        arguments[$2] = $4
        about[$2] = $5

    } else if ($1 == "more") {
        more[$2] = $3

    } else if ($1 == "takes") {
        takes[$2] = $3

    } else if ($1 == "example") {
        examples[$2, ++nexamples[$2]] = $3

    } else if ($1 == "line") {
        lines[$2, nexamples[$2]] = lines[$2, nexamples[$2]] roff($3) "\n"

    } else if ($1 == "option") {
        options[++noptions] = $2
        value[$2] = $3
        says[$2] = $4

    } else if ($1 == "words") {
        words[$2] = $3
    }
}


# Text in which troff sees nothing of its own.

function roff(text,    i, c, out) {
    out = ""

    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        out = out (c == "\\" ? "\\e" : c == "-" ? "\\-" : c == "'" ? "\\(aq" \
                   : c == "`" ? "\\(ga" : c == "^" ? "\\(ha" \
                   : c == "~" ? "\\(ti" : c)
    }

    # no letters but those of ASCII: not every manual page is read as UTF-8
    gsub(/\342\200\246/, "...", out)
    gsub(/\342\200\223/, "\\(en", out)
    gsub(/\342\200\272/, ">", out)

    return out ~ /^\./ ? "\\&" out : out
}


# Prose in lines of a bearable length; its first letter is a capital.

function prose(text,    n, i, parts, line) {
    n = split(roff(toupper(substr(text, 1, 1)) substr(text, 2)), parts, " ")
    line = ""

    for (i = 1; i <= n; i++) {
        if (line != "" && length(line) + 1 + length(parts[i]) > 76) {
            print line
            line = ""
        }

        line = (line == "" ? "" : line " ") \
               (line == "" && parts[i] ~ /^\./ ? "\\&" : "") parts[i]
    }

    print line
}


# Options that all reports have are named once.

function of_logs(option,    i) {
    for (i = 1; i <= ncommands; i++) {
        if (group[names[i]] == groups[1] && !takes_it(names[i], option)) {
            return 0
        }
    }

    return 1
}


function takes_it(name, option) {
    return index(" " takes[name] " ", " " option " ")
}


function of_commands(option,    i, list, logs) {
    logs = of_logs(option)
    list = logs ? "logs" : ""

    for (i = 1; i <= ncommands; i++) {
        if (takes_it(names[i], option) &&
            !(logs && group[names[i]] == groups[1]))
        {
            list = list (list == "" ? "" : ", ") names[i]
        }
    }

    return list
}


function man_commands(    g, i, k, name) {
    for (g = 1; g <= ngroups; g++) {
        for (i = 1; i <= ncommands; i++) {
            name = names[i]

            if (group[name] != groups[g]) {
                continue
            }

            if (!said[g]++) {
                print ".SS \"" roff(groups[g]) "\""
            }

            print ".TP\n\\fBjourney " roff(name) "\\fR [\\fIOPTION\\fR...]" \
                  (arguments[name] == "" ? "" : " " roff(arguments[name]))
            prose(about[name] ".")

            if (more[name] != "") {
                print ".IP"
                prose(more[name])
            }

            print ".IP"
            man_list(name)

            for (k = 1; k <= nexamples[name]; k++) {
                printf ".IP\n.EX\n# %s\n%s.EE\n", roff(examples[name, k]),
                       lines[name, k]
            }
        }
    }
}


function man_list(name,    n, i, parts, logs) {
    n = split(takes[name], parts, " ")
    logs = 0

    for (i = 1; i <= n; i++) {
        if (group[name] == groups[1] && of_logs(parts[i])) {
            logs++
        }
    }

    print "Options:" (logs ? " those of logs" (logs < n ? " and" : "") : "")

    for (i = 1; i <= n; i++) {
        if (!(group[name] == groups[1] && of_logs(parts[i]))) {
            print ".B \\-\\-" roff(parts[i])
        }
    }
}


function man_options(    i, name, of) {
    for (i = 1; i <= noptions; i++) {
        name = options[i]
        of = of_commands(name)

        print ".TP\n\\fB\\-\\-" roff(name) "\\fR" \
              (value[name] == "" ? "" : " \\fI" roff(value[name]) "\\fR")
        prose(says[name] ".")
        prose("(" (name == "help" || name == "version" ? "all" : of) ")")
    }
}


# ---- completion ------------------------------------------------------------

function all_names(    i, out) {
    out = "help"

    for (i = 1; i <= ncommands; i++) {
        out = out " " names[i]
    }

    return out
}


function bash_takes(    i, k, n, parts, list) {
    for (i = 1; i <= ncommands; i++) {
        n = split(takes[names[i]], parts, " ")
        list = ""

        for (k = 1; k <= n; k++) {
            list = list " --" parts[k]
        }

        print "        " names[i] ")\n            takes='" substr(list, 2) \
              "'\n            ;;"
    }
}


# What the value of an option is: words, files, a folder, or nobody knows.

function bash_values(    i, name) {
    for (i = 1; i <= noptions; i++) {
        name = options[i]

        if (value[name] == "") {
            continue
        }

        if (name in words) {
            print "        --" name ") values='" words[name] "' ;;"

        } else if (value[name] ~ /^(FILE|OUT|PID)$/) {
            print "        --" name ") values=FILES ;;"

        } else if (value[name] == "DIR") {
            print "        --" name ") values=FOLDERS ;;"

        } else {
            print "        --" name ") values=NONE ;;"
        }
    }
}


function bash_arguments(    i, list) {
    list = ""

    for (i = 1; i <= ncommands; i++) {
        if (arguments[names[i]] ~ /FILE/) {
            list = list (list == "" ? "" : "|") names[i]
        }
    }

    print "        " list ") values=FILES ;;"
}
