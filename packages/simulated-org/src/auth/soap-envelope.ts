import { parseXml, type XmlDocument, XmlElement } from '@rgrove/parse-xml';
import type { Answer } from '../http/answer.ts';
import { element, elements, escapeXml, type XmlValue, xmlHead } from './xml-text.ts';

/** SOAP as Salesforce uses it: one call in an envelope; the answer is a result or a fault. */
const soapNamespace = 'http://schemas.xmlsoap.org/soap/envelope/';
const xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';

export interface SoapCall {
  /** The name of the call and its namespace. */
  name: string;
  namespace: string;
  /** The text of one of the call's elements; undefined if it has none with this name. */
  argument(name: string): string | undefined;
  /** The text of an element in one of the envelope's headers. */
  header(header: string, name: string): string | undefined;
}

/** Makes a call fail. The API's fault codes have the namespace `sf`, those of SOAP its own. */
export class SoapFault extends Error {
  override readonly name = 'SoapFault';
  readonly code: string;
  /** The type of the fault's detail; absent for a fault of SOAP itself. */
  readonly kind: string | undefined;
  readonly text: string;

  constructor(code: string, text: string, kind?: string) {
    super(code);
    this.code = code;
    this.text = text;
    this.kind = kind;
  }
}

export const clientFault = (text: string) => new SoapFault('soapenv:Client', text);

/** @throws {@link SoapFault} for invalid XML, for something other than an envelope, and for more than one call */
export function parseCall(text: string): SoapCall {
  if (text.trim() === '') throw clientFault('Premature end of file.');
  const root = parsed(text).root;
  if (!root || !isNamed(root, 'Envelope'))
    throw clientFault('The root of the request must be a SOAP envelope.');
  const body = childElements(root).find((one) => isNamed(one, 'Body'));
  const [call, ...more] = body ? childElements(body) : [];
  if (!call || more.length > 0) throw clientFault('The body of the envelope must hold one call.');
  const headers = childElements(root).find((one) => isNamed(one, 'Header'));
  const textOf = (parent: XmlElement | undefined, name: string) =>
    parent && childElements(parent).find((one) => localName(one) === name)?.text;
  return {
    name: localName(call),
    namespace: namespaceOf(call),
    argument: (name) => textOf(call, name),
    header: (header, name) =>
      textOf(headers && childElements(headers).find((one) => localName(one) === header), name),
  };
}

/** Refuses document types, so that a sender cannot define entities. */
function parsed(text: string): XmlDocument {
  let document: XmlDocument;
  try {
    document = parseXml(text, { preserveDocumentType: true });
  } catch (error) {
    // Endless nesting overflows the parser's stack.
    const [reason = ''] = error instanceof Error ? error.message.split('\n') : [];
    throw clientFault(error instanceof RangeError ? 'The request is nested too deeply.' : reason);
  }
  if (document.children.some(({ type }) => type === 'doctype'))
    throw clientFault('A request must not declare a document type.');
  return document;
}

const childElements = (parent: XmlElement): XmlElement[] =>
  parent.children.filter((child): child is XmlElement => child instanceof XmlElement);

const isNamed = (one: XmlElement, name: string): boolean =>
  localName(one) === name && namespaceOf(one) === soapNamespace;

const localName = ({ name }: XmlElement): string => name.slice(name.indexOf(':') + 1);

function namespaceOf(one: XmlElement): string {
  const prefix = one.name.includes(':') ? `:${one.name.slice(0, one.name.indexOf(':'))}` : '';
  let scope: XmlElement | undefined = one;
  while (scope) {
    const declared = scope.attributes[`xmlns${prefix}`];
    if (declared !== undefined) return declared;
    scope = scope.parent instanceof XmlElement ? scope.parent : undefined;
  }
  return '';
}

const xmlHeaders = { 'Content-Type': 'text/xml;charset=UTF-8' };

const envelope = (namespaces: string, content: string): string =>
  `${xmlHead}<soapenv:Envelope xmlns:soapenv="${soapNamespace}"${namespaces}>` +
  `<soapenv:Body>${content}</soapenv:Body></soapenv:Envelope>`;

/** A result; an empty answer if it has no fields. */
export function soapAnswer(call: SoapCall, result?: Readonly<Record<string, XmlValue>>): Answer {
  const content = element(`${call.name}Response`, result && { result }) || `<${call.name}Response/>`;
  return {
    status: 200,
    headers: xmlHeaders,
    body: envelope(` xmlns="${escapeXml(call.namespace)}" ${xsi}`, content),
  };
}

/** @param api  partner or enterprise: determines the namespace of its faults */
export function faultAnswer(fault: SoapFault, api: string): Answer {
  const code = fault.kind === undefined ? fault.code : `sf:${fault.code}`;
  const message = fault.kind === undefined ? fault.text : `${fault.code}: ${fault.text}`;
  const body = { faultcode: code, faultstring: message };
  const detail = fault.kind === undefined ? '' : detailOf(fault.kind, fault);
  const namespaces = fault.kind === undefined ? '' : ` xmlns:sf="urn:fault.${api}.soap.sforce.com" ${xsi}`;
  const content = `<soapenv:Fault>${elements(body)}${detail}</soapenv:Fault>`;
  return { status: 500, headers: xmlHeaders, body: envelope(namespaces, content) };
}

function detailOf(kind: string, { code, text }: SoapFault): string {
  const fields = elements({ 'sf:exceptionCode': code, 'sf:exceptionMessage': text });
  return `<detail><sf:${kind} xsi:type="sf:${kind}">${fields}</sf:${kind}></detail>`;
}
