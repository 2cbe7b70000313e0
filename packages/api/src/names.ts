/**
 * Rules for names, label keys and label values, in the API's own messages, since people search for these. Each returns
 * what is wrong, one text per finding; none means good. Source: apimachinery, util/validation.
 */
export type NameRule = (text: string) => readonly string[];

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomain = `${label}(\\.${label})*`;
const label1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const qualified = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const value = `(${qualified})?`;

const labelPattern = new RegExp(`^${label}$`);
const subdomainPattern = new RegExp(`^${subdomain}$`);
const label1035Pattern = new RegExp(`^${label1035}$`);
const qualifiedPattern = new RegExp(`^${qualified}$`);
const valuePattern = new RegExp(`^${value}$`);

function findings(text: string, max: number, pattern: RegExp, shape: string): string[] {
  const isShaped = pattern.test(text);
  // All these grammars are ASCII: what is of their shape has as many bytes as characters, and need not be encoded.
  const bytes = isShaped ? text.length : byteLength(text);
  return [...(bytes > max ? [`must be no more than ${max} bytes`] : []), ...(isShaped ? [] : [shape])];
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

const shaped = (what: string, pattern: string, ...examples: readonly string[]): string => {
  const shown = examples.map((example) => `'${example}', `).join(" or ");
  return `${what} (e.g. ${shown}regex used for validation is '${pattern}')`;
};

/** Names of namespaces, and parts of host names: at most 63. */
export const dns1123Label: NameRule = (text) =>
  findings(
    text,
    63,
    labelPattern,
    shaped(
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
      label,
      "my-name",
      "123-abc",
    ),
  );

/** Names of most objects: at most 253. */
export const dns1123Subdomain: NameRule = (text) =>
  findings(
    text,
    253,
    subdomainPattern,
    shaped(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
      subdomain,
      "example.com",
    ),
  );

/** Names of services: a label that starts with a letter. */
export const dns1035Label: NameRule = (text) =>
  findings(
    text,
    63,
    label1035Pattern,
    shaped(
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
      label1035,
      "my-name",
      "abc-123",
    ),
  );

const qualifiedShape = shaped(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  qualified,
  "MyName",
  "my.name",
  "123-abc",
);

/** Keys of labels and annotations: a name of at most 63, with a subdomain and `/` before it or not. */
export const qualifiedName: NameRule = (text) => {
  const parts = text.split("/");
  if (parts.length > 2) {
    return [
      `a qualified name ${qualifiedShape} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const [name = "", prefix] = parts.reverse();
  const found: string[] = [];
  if (prefix === "") found.push("prefix part must be non-empty");
  else if (prefix !== undefined) found.push(...dns1123Subdomain(prefix).map((finding) => `prefix part ${finding}`));
  if (name === "") found.push("name part must be non-empty");
  return [...found, ...findings(name, 63, qualifiedPattern, qualifiedShape).map((finding) => `name part ${finding}`)];
};

/** Values of labels: at most 63, or empty. */
export const labelValue: NameRule = (text) =>
  findings(
    text,
    63,
    valuePattern,
    `a valid label ${shaped(
      "must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      value,
      "MyValue",
      "my_value",
      "12345",
    )}`,
  );

/** Names that only have to fit into a URL, as those of RBAC: colons and capitals are fine. */
export const pathSegmentName: NameRule = (text) => {
  if (text === "." || text === "..") return [`may not be '${text}'`];
  return ["/", "%"].filter((part) => text.includes(part)).map((part) => `may not contain '${part}'`);
};
