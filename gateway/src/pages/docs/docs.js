// Draws the reference from /openapi.json. Everything goes through textContent, so a comment can never become markup.
"use strict";

const element = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

const code = (text) => element("code", {}, text);

/** A comment's text, with what stands between backticks as code. */
const prose = (text) => (text ?? "").split("`").map((part, index) => (index % 2 ? code(part) : part));

const paragraph = (text) => element("p", { class: "text" }, ...prose(text));

const schemaName = (reference) => reference.slice(reference.lastIndexOf("/") + 1);

const schemaLink = (reference) =>
  element("a", { href: `#schema-${schemaName(reference)}` }, code(schemaName(reference).split(".").pop()));

/** What a schema is, in a few words with links. */
function typeOf(schema) {
  if (schema.$ref) return schemaLink(schema.$ref);
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return element("span", {}, ...choices.flatMap((choice, index) => (index ? [" or ", typeOf(choice)] : [typeOf(choice)])));
  const fields = Object.entries(schema.properties ?? {});
  if (fields.length > 0)
    return element("span", {}, "{", ...fields.flatMap(([name, field]) => [code(name), ": ", typeOf(field)]), "}");
  if (schema.type === "array") return element("span", {}, "list of ", typeOf(schema.items));
  if (schema.additionalProperties && typeof schema.additionalProperties === "object")
    return element("span", {}, "map to ", typeOf(schema.additionalProperties));
  return code([schema.type ?? "any", schema.format ?? schema.contentEncoding].filter(Boolean).join(", "));
}

function row(name, schema, required, description) {
  const label = element("td", {}, code(name));
  if (required) label.append(" ", element("span", { class: "required" }, "required"));
  return element("tr", {}, label, element("td", {}, typeOf(schema)), element("td", { class: "text" }, ...prose(description)));
}

function table(title, rows) {
  if (rows.length === 0) return "";
  const head = element("tr", {}, ...[title, "Type", "Meaning"].map((text) => element("th", {}, text)));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
}

/** A call that a reader can paste. */
function curl(path, verb, operation) {
  const url = `${location.origin}${path}`;
  if (verb === "get") return `curl ${operation.responses["200"].content["application/x-ndjson"] ? "-N " : ""}'${url}'`;
  const body = operation.requestBody ? " -d '{}'" : "";
  return `curl -X ${verb.toUpperCase()} '${url}'${body}`;
}

function operationOf(path, verb, operation) {
  const parameters = operation.parameters.map((p) => row(p.name, p.schema, p.required, p.description));
  const body = operation.requestBody?.content["application/json"].schema;
  const answer = Object.entries(operation.responses["200"].content);
  const inside = element("div", { class: "inside" },
    paragraph(operation.description),
    table("Parameter", parameters),
    body ? element("p", {}, "Body: ", typeOf(body)) : "",
    element("p", {}, "Answer: ", typeOf(answer[0][1].schema), ` as ${answer.map(([type]) => type).join(" or ")}`),
    element("pre", {}, curl(path, verb, operation)));
  const summary = element("summary", {},
    element("span", { class: "verb" }, verb.toUpperCase()), code(path),
    element("span", { class: "what" }, ...prose(operation.summary)));
  return element("details", { id: operation.operationId, "data-find": find(path, operation.operationId, operation.description) },
    summary, inside);
}

const find = (...texts) => texts.join(" ").toLowerCase();

function serviceOf(tag, document) {
  const operations = [];
  for (const [path, verbs] of Object.entries(document.paths))
    for (const [verb, operation] of Object.entries(verbs))
      if (operation.tags.includes(tag.name)) operations.push(operationOf(path, verb, operation));
  if (operations.length === 0) return "";
  return element("section", {},
    element("h2", { id: tag.name }, tag.name), paragraph(tag.description), ...operations);
}

function schemaOf(name, schema) {
  const properties = Object.entries(schema.properties ?? {});
  const rows = properties.map(([key, property]) =>
    row(key, property, (schema.required ?? []).includes(key), property.description));
  return element("details", { id: `schema-${name}`, "data-find": find(name, schema.description ?? "") },
    element("summary", {}, code(name)),
    element("div", { class: "inside" }, paragraph(schema.description), table("Field", rows)));
}

function draw(document_) {
  const content = document.getElementById("content");
  document.getElementById("title").textContent = `${document_.info.title} ${document_.info.version}`;
  document.getElementById("summary").textContent = document_.info.summary;
  const schemas = Object.entries(document_.components.schemas).map(([name, schema]) => schemaOf(name, schema));
  content.replaceChildren(
    paragraph(document_.info.description),
    ...document_.tags.map((tag) => serviceOf(tag, document_)),
    element("section", {}, element("h2", {}, "Messages"), ...schemas));
  openTarget();
}

/** Opens what the address points at: a folded entry cannot be scrolled to. */
function openTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target instanceof HTMLDetailsElement) target.open = true;
  target.scrollIntoView();
}

function filter() {
  const wanted = document.getElementById("search").value.trim().toLowerCase();
  for (const entry of document.querySelectorAll("details")) entry.hidden = !entry.dataset.find.includes(wanted);
}

addEventListener("hashchange", openTarget);
document.getElementById("search").addEventListener("input", filter);
fetch("/openapi.json")
  .then((response) => (response.ok ? response.json() : Promise.reject(new Error(`HTTP ${response.status}`))))
  .then(draw)
  .catch((error) => { document.getElementById("content").textContent = `/openapi.json cannot be read: ${error.message}`; });
