import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { api } from '../api/client.ts';
import {
  isOver,
  type NewOperation,
  type Operation,
  operationQuery,
  startOperation,
} from '../api/operations.ts';
import { asProblem, type Problem } from '../api/problem.ts';
import { toast } from '../ui/toast.tsx';
import { words } from './words.ts';

export interface OperationRun {
  /** How far it is; null: none has been asked for. */
  operation: Operation | null;
  isBusy: boolean;
  problem: Problem | null;
  /** Asks for it. Returns whether it was accepted. */
  start: (wanted: NewOperation) => Promise<boolean>;
  /** Follows one that another request has asked for. */
  follow: (id: string) => void;
  withdraw: () => Promise<void>;
}

/** Asks a sync for work and watches it to its end. */
export function useOperation(sync: string, onEnd: () => void): OperationRun {
  const [id, setId] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  /** Of what was asked for last without an answer: asked again with the same key, it is done once. */
  const unanswered = useRef<{ wanted: string; key: string } | null>(null);
  const { data: operation = null } = useQuery({ ...operationQuery(id ?? ''), enabled: id !== null });
  const ended = operation !== null && isOver(operation) ? operation.id : null;
  const whenOver = useRef(onEnd);
  whenOver.current = onEnd;
  useEffect(() => {
    if (ended !== null) whenOver.current();
  }, [ended]);
  const start = async (wanted: NewOperation) => {
    setSending(true);
    setProblem(null);
    const asked = JSON.stringify(wanted);
    const key = unanswered.current?.wanted === asked ? unanswered.current.key : crypto.randomUUID();
    try {
      const begun = await startOperation(sync, wanted, key);
      unanswered.current = null;
      setId(begun.id);
      return true;
    } catch (error) {
      const failure = asProblem(error);
      unanswered.current = failure.status === 0 ? { wanted: asked, key } : null;
      setProblem(failure);
      return false;
    } finally {
      setSending(false);
    }
  };
  const withdraw = async () => {
    try {
      await api.DELETE('/api/v1/operations/{operation}', { params: { path: { operation: id ?? '' } } });
      setId(null);
      toast(words.withdrawn);
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  return {
    operation: id === null ? null : operation,
    isBusy: isSending || (id !== null && (operation === null || !isOver(operation))),
    problem,
    start,
    follow: setId,
    withdraw,
  };
}
