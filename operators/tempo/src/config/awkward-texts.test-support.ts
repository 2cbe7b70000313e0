/** Texts that YAML would read as something else if they stood there plainly. */
export const awkward = [
  "",
  "a: b",
  "x #y",
  "- z",
  "*star",
  "@at",
  "line\nfeed",
  " lead",
  "it's",
  "{a}",
  "key:",
  "?",
  "a&b<c>",
];
