"""Every function a template can call without chance or time in its answer: what it returns, and what it wants.

A row is "RESULT NAME PARAMETERS". Letters: s string, i int, c a small count, n number, b bool, l list, d dict, t time, v version,
a anything; r pattern, R replacement, y layout, z zone, u duration, w version text, C constraint, U URL, p path, j JSON, Y YAML,
T TOML, k key, f format, x base64. "*" repeats the last parameter. What returns a random order stands with what sorts it.
"""

ROWS = """
b and aa* | a and aa | a or aa* | b not a | b eq aa* | b eq nn | b eq ss | b ne aa | b ne ss | b lt nn | b le nn | b gt nn | b ge nn | b lt ss | b lt aa | i len a | i len l
a index dk | a index li | a index aa* | a slice lii | l slice lc | s print a* | s printf fa* | s println a* | s html a* | s js a* | s urlquery a* | a default aa | s default sa | a coalesce a* | b empty a
b all a* | b any a* | a ternary aab | l compact l | s typeOf a | s kindOf a | b typeIs sa | b kindIs sa | b typeIsLike sa | b deepEqual aa | s hello | s trim s | s trimAll ss | s trimall ss | s trimSuffix ss
s trimPrefix ss | s upper s | s lower s | s title s | s untitle s | s swapcase s | s repeat cs | s substr iis | s trunc is | s abbrev is | s abbrevboth iis | s initials s | s nospace s | s wrap cs
s wrapWith css | b contains ss | b hasPrefix ss | b hasSuffix ss | s quote a* | s squote a* | s cat a* | s indent cs | s nindent cs | s replace sss | s plural ssi | s snakecase s | s camelcase s
s kebabcase s | s toString a | l toStrings a | s join sl | s join sa | d split ss | d splitn scs | l splitList ss | l sortAlpha l | l sortAlpha a | s b64enc s | s b64dec x | s b64dec s | s b32enc s
s b32dec s | i atoi s | b regexMatch rs | b mustRegexMatch rs | s regexFind rs | s mustRegexFind rs | l regexFindAll rsi | l mustRegexFindAll rsi | s regexReplaceAll rsR | s mustRegexReplaceAll rsR
s regexReplaceAllLiteral rsR | s mustRegexReplaceAllLiteral rsR | l regexSplit rsi | l mustRegexSplit rsi | s regexQuoteMeta s | i int a | n int64 a | i int a | i int n | i int n | n float64 a | n toDecimal a | n add n* | n add1 n
n sub nn | n mul nn* | n div nn | n mod nn | n max nn* | n biggest n* | n min nn* | n addf n* | n add1f n | n subf nn* | n mulf nn* | n divf nn* | n maxf nn* | n minf nn* | n floor n | n ceil n
n round ni | n round nin | l until c | l untilStep ccc | s seq c* | l list a* | l tuple a* | l list s* | l list n* | a first l | a last l | l rest l | l initial l | l append la | l push la | l prepend la
l concat l* | l reverse l | l uniq l | l without la* | b has al | l chunk cl | d dict | d dict sa | d dict sasa | d dict a* | a get ds | d set dsa | d unset ds | b hasKey dk | l pluck sd* | l pick dk
d pick dk* | d omit dk* | d merge dd* | d mergeOverwrite dd* | d mustMerge dd* | d mustMergeOverwrite dd* | a deepCopy a | d deepCopy d | a mustDeepCopy a | a dig ksd | a dig kkad
s toJson a | s toPrettyJson a | s toRawJson a | s mustToJson a | s mustToPrettyJson a | s mustToRawJson a | d fromJson j | l fromJsonArray j | a mustFromJson j | s toYaml a | s toYaml d | s mustToYaml a
s toYamlPretty a | s toYamlPretty d | d fromYaml Y | d fromYaml s | l fromYamlArray Y | s toToml d | s toToml a | s mustToToml a | d fromToml T | s date yt | s date yi | s dateInZone ytz | s date_in_zone ytz
s htmlDate t | s htmlDateInZone tz | t dateModify ut | t mustDateModify ut | t date_modify ut | t toDate ys | t mustToDate ys | s duration a | s duration s | s durationRound u | s durationRound a
s unixEpoch t | s sha1sum s | s sha256sum s | s sha512sum s | s adler32sum s | s decryptAES sx | v semver w | b semverCompare Cw | d urlParse U | s urlJoin d | s base p | s dir p | s clean p | s ext p
b isAbs p | s osBase p | s osDir p | s osClean p | s osExt p | b osIsAbs p | a required sa | s fail s | d lookup ssss | s getHostByName s | a call aa | s buildCustomCert xx | l mustAppend la | l mustPrepend la
l mustRest l | l mustInitial l | a mustFirst l | a mustLast l | l mustReverse l | l mustUniq l | l mustCompact l | l mustWithout la | b mustHas al | a mustSlice lc | l mustChunk cl | l mustPush la
s mustToToml d | t mustToDate ys | a mustFromJson s
"""

# Wrapped, because Go's maps have no order.
WRAPPED = [("l", "sortAlpha (keys {})", "d"), ("l", "sortAlpha (values {})", "d"), ("s", "len (keys {} {})", "dd"), ("i", "len (values {})", "d")]

TIME_METHODS = ["Year", "Month", "Day", "Hour", "Minute", "Second", "Nanosecond", "Weekday", "YearDay", "Unix", "UnixMilli", "UnixNano", "IsZero", "Location", "String", "UTC", "Local", "Format \"Jan 2 2006\"", "AddDate 0 1 1", "Nope"]
VERSION_METHODS = ["Major", "Minor", "Patch", "Prerelease", "Metadata", "Original", "String", "IncMajor", "IncMinor", "IncPatch", "Nope"]


def rows():
    found = []
    for row in ROWS.replace("\n", "|").split("|"):
        words = row.split()
        if words:
            found.append((words[0], words[1], words[2] if len(words) > 2 else ""))
    return found


FUNCTIONS = rows()
BY_RESULT = {}
for result, name, params in FUNCTIONS:
    BY_RESULT.setdefault(result, []).append((name, params))
