import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { setPaused } from '../../api/changes.ts';
import { asProblem, type Problem } from '../../api/problem.ts';
import type { Sync } from '../../api/queries.ts';
import { Button, LinkButton } from '../../ui/button.tsx';
import { codeAndText, NextStep, Notice, type NoticeLook } from '../../ui/notice.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { useServerNow } from '../../ui/use-now.ts';
import { useZone } from '../../ui/zone.ts';
import { formatDuration, formatTime } from '../../words/format.ts';
import { frame } from '../../words/frame.ts';
import { words } from './words.ts';

type Finding = Sync['findings'][number];

/** Of a thousand objects that have lost one permission the first few say it all. */
const findingsMax = 5;

/** What somebody has to do, worst first; or that nobody has to do anything. */
export function Needs({ sync }: { sync: Sync }) {
  const findings = sync.findings.filter(isToldFirst);
  const needed = findings.filter((one) => !one.is_healthy);
  const told = findings.filter((one) => one.is_healthy);
  const isCalm = needed.length === 0 && !showsFault(sync) && !sync.mirror_fault && sync.family !== 'stopped';
  return (
    <section aria-label={words.needs} className="space-y-2">
      {isCalm && sync.family !== 'resting' && <Notice look="good" title={calmWords(sync)} />}
      <SyncFault sync={sync} />
      {sync.mirror_fault && !sameAsFault(sync) && (
        <Notice
          look="stopped"
          title={words.objectsUnread}
          says={sync.mirror_fault.says}
          next={sync.mirror_fault.next}
          code={sync.mirror_fault.code}
        />
      )}
      <Besides sync={sync} />
      <Findings sync={sync} findings={needed} />
      <Findings sync={sync} findings={told} />
    </section>
  );
}

/** A stop has its cause, and so has the work that fails because of it. */
const isToldFirst = ({ sobject, reason }: Finding, place: number, all: readonly Finding[]): boolean =>
  all.findIndex((one) => one.sobject === sobject && one.reason === reason) === place;

const calmWords = ({ family }: Sync): string =>
  family === 'good' ? words.nothingNeeded : family === 'waiting' ? words.waits : words.goesOn;

/** A wait of seconds is a fault too, but not shown; nor is the one of a dead process. */
const showsFault = ({ fault, family, state, has_worker: hasWorker }: Sync): boolean =>
  fault !== null && hasWorker && state !== 'paused' && (family === 'waiting' || family === 'stopped');
const sameAsFault = (sync: Sync): boolean => showsFault(sync) && sync.fault?.code === sync.mirror_fault?.code;

function SyncFault({ sync }: { sync: Sync }) {
  const { fault, family, state } = sync;
  const [zone] = useZone();
  if (!fault || !showsFault(sync)) return null;
  const since = fault.since === null ? '' : formatTime(new Date(fault.since), zone);
  return (
    <Notice
      look={family === 'stopped' ? 'stopped' : 'waiting'}
      title={`${sync.state_word} ${words.since} ${since}`}
      says={
        <>
          {fault.says} {state !== 'locked' && <NextTry at={fault.retry_at} />}
        </>
      }
      next={fault.next}
      code={fault.code}
      isAlert={state === 'needs_reauth' || state === 'needs_decision'}
    >
      {state === 'needs_reauth' && (
        <LinkButton look="primary" to="/syncs/$sync/settings" params={{ sync: sync.id }}>
          {words.signInAgain}
        </LinkButton>
      )}
      {state === 'quota_wait' && (
        <LinkButton to="/syncs/$sync/settings" params={{ sync: sync.id }}>
          {words.changeBudget}
        </LinkButton>
      )}
      {state === 'needs_decision' && (
        <LinkButton look="primary" to="/syncs/$sync/settings" params={{ sync: sync.id }}>
          {words.openSettings}
        </LinkButton>
      )}
    </Notice>
  );
}

/** It counts down each second, which nobody should hear. */
function NextTry({ at }: { at: string | null }) {
  const now = useServerNow(1_000);
  if (at === null) return null;
  const left = Date.parse(at) - now;
  return (
    <span aria-hidden className="text-muted tabular-nums">
      ({words.nextTry} {left < 1_000 ? words.atOnce : `in ${formatDuration(left)}`})
    </span>
  );
}

/** Lines below the headline that no fault and no finding says. */
function Besides({ sync }: { sync: Sync }) {
  const { fault, mirror_fault: unread, findings, details, state } = sync;
  const said = new Set([
    ...[fault, unread].flatMap((one) => (one ? [`${one.code}: ${one.says}`, `next: ${one.next}`] : [])),
    ...findings.flatMap(({ reason, next }) => [reason, `next: ${next}`]),
  ]);
  const lines = details.filter((line) => !said.has(line) && !/^and [\d,]+ more findings? below$/.test(line));
  if (lines.length === 0) return null;
  const [texts, steps] = [lines.filter((line) => !isStep(line)), lines.filter(isStep)];
  const look: NoticeLook = sync.family === 'stopped' && !showsFault(sync) ? 'stopped' : 'note';
  return (
    <Notice
      look={look}
      title={texts[0] ?? sync.state_word}
      says={
        <>
          {texts.slice(1).join(' ')}
          {steps.map((line) => (
            <NextStep key={line} next={line.slice(stepMark.length)} />
          ))}
        </>
      }
    >
      {state === 'paused' && <ResumeButton sync={sync} />}
    </Notice>
  );
}

const stepMark = 'next: ';
const isStep = (line: string) => line.startsWith(stepMark);

function ResumeButton({ sync: { id } }: { sync: Sync }) {
  const client = useQueryClient();
  const [isSending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const resume = () => {
    setSending(true);
    setPaused(client, id, false)
      .catch((error: unknown) => setProblem(asProblem(error)))
      .finally(() => setSending(false));
  };
  return (
    <>
      <Button look="primary" isBusy={isSending} onClick={resume}>
        {frame.resume}
      </Button>
      {problem && <ProblemNotice problem={problem} isOwnAction />}
    </>
  );
}

const looks: Record<string, NoticeLook> = {
  stopped: 'stopped',
  missing: 'stopped',
  failing: 'gaps',
  behind: 'gaps',
  gaps: 'gaps',
};
const places: Record<string, { tab: string; label: string }> = {
  gaps: { tab: 'set-aside', label: words.seeSetAside },
  hidden: { tab: 'columns', label: words.seeColumns },
  missing: { tab: 'summary', label: words.decide },
};

function Findings({ sync, findings }: { sync: Sync; findings: readonly Finding[] }) {
  const more = findings.length - findingsMax;
  return (
    <>
      {findings.slice(0, findingsMax).map((finding) => (
        <FindingNotice key={`${finding.severity} ${finding.says}`} sync={sync.id} finding={finding} />
      ))}
      {more > 0 && (
        <p>
          <LinkButton to="/syncs/$sync/objects" params={{ sync: sync.id }} search={{ only: 'unwell' }}>
            {words.more(more)}
          </LinkButton>
        </p>
      )}
    </>
  );
}

function FindingNotice({ sync, finding }: { sync: string; finding: Finding }) {
  const { sobject, severity, says, reason, next } = finding;
  const place = places[severity];
  const told = codeAndText(reason);
  return (
    <Notice look={looks[severity] ?? 'note'} title={says} says={told.says} next={next} code={told.code}>
      <LinkButton
        look={finding.is_healthy ? 'plain' : 'primary'}
        to="/syncs/$sync/objects/$object"
        params={{ sync, object: sobject }}
        search={place && place.tab !== 'summary' ? { tab: place.tab } : {}}
      >
        {place?.label ?? words.openObject(sobject)}
      </LinkButton>
    </Notice>
  );
}
