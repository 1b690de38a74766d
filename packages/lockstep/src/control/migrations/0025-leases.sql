-- Who has run which sync: a row for each claim, for 30 days.
CREATE TABLE lockstep.lease (
  sync_id    text        NOT NULL REFERENCES lockstep.sync ON DELETE CASCADE,
  epoch      bigint      NOT NULL,
  worker_id  text        NOT NULL,
  claimed_at timestamptz NOT NULL,
  ended_at   timestamptz,
  -- 'taken over': its worker was gone, and this is when another claimed the sync. Null: nobody has ended it.
  ending     text        CHECK (ending IN ('released', 'taken over')),
  CHECK ((ended_at IS NULL) = (ending IS NULL)),
  PRIMARY KEY (sync_id, epoch)
);

INSERT INTO lockstep.lease (sync_id, epoch, worker_id, claimed_at)
SELECT sync_id, epoch, owner, claimed_at FROM lockstep.sync WHERE owner IS NOT NULL AND claimed_at IS NOT NULL;
