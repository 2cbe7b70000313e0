/** A path of a container. The working directory is the root. */
export function absolute(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** With a slash at the end. */
export const folder = (path: string): string => (path.endsWith("/") ? path : `${path}/`);
