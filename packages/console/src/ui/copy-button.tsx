import { Check, Copy } from 'lucide-react';
import { type RefObject, useEffect, useState } from 'react';
import { ui } from '../words/ui.ts';
import { announce } from './announce.ts';
import { Button } from './button.tsx';
import { copyText } from './copy-text.ts';

const shownMs = 2_000;

/** Copies a text, and says whether it did. `source` is selected if nothing can copy for the person. */
export function CopyButton({
  text,
  label = ui.copy,
  source,
}: {
  text: string;
  label?: string;
  source?: RefObject<HTMLElement | null>;
}) {
  const [outcome, setOutcome] = useState<'none' | 'copied' | 'failed'>('none');
  useEffect(() => {
    if (outcome !== 'copied') return undefined;
    const timer = setTimeout(() => setOutcome('none'), shownMs);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async () => {
    const isCopied = await copyText(text);
    setOutcome(isCopied ? 'copied' : 'failed');
    announce(isCopied ? ui.copied : ui.copyByHand);
    if (!isCopied && source?.current) window.getSelection()?.selectAllChildren(source.current);
  };
  const shown = { none: label, copied: ui.copied, failed: ui.copyByHand }[outcome];
  const Icon = outcome === 'copied' ? Check : Copy;
  return (
    <Button onClick={() => void copy()}>
      <Icon aria-hidden size={14} />
      {shown}
    </Button>
  );
}
