/** A formula as a tree. `at` is the offset of the part, for errors. */
export type Node = { at: number } & (
  | { kind: 'text' | 'number'; value: string }
  | { kind: 'constant'; value: 'TRUE' | 'FALSE' | 'NULL' }
  | { kind: 'name'; name: string }
  | { kind: 'call'; name: string; args: readonly Node[] }
  | { kind: 'unary'; operator: '-' | '!'; operand: Node }
  | { kind: 'binary'; operator: Operator; left: Node; right: Node }
);

export type Operator = '+' | '-' | '*' | '/' | '^' | '&' | '=' | '<>' | '<' | '<=' | '>' | '>=' | '&&' | '||';

export type Call = Extract<Node, { kind: 'call' }>;
