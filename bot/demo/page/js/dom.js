/**
 * Makes DOM nodes. Data becomes a text node or an attribute here and nowhere else;
 * nothing on this page ever parses a string as HTML.
 */

const SVG = "http://www.w3.org/2000/svg";

export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

export function svg(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...present(children));
  return node;
}

export function replace(node, ...children) {
  node.replaceChildren(...present(children));
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false);
}

let counter = 0;

export function uniqueId(prefix) {
  counter += 1;
  return `${prefix}-${counter}`;
}

const SAFE_SCHEMES = new Set(["http:", "https:", "mailto:"]);

/** The address if a click on it can only lead to a page or a mail, otherwise nothing. */
export function safeAddress(address) {
  try {
    const url = new URL(address, location.href);
    return SAFE_SCHEMES.has(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

export function externalLink(address, label, props) {
  const href = safeAddress(address);
  if (href === undefined) return h("span", null, label);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer", ...props }, label);
}
