-- The same things by the names that the rest of the product gives them.

ALTER TABLE lockstep.trouble RENAME TO sync_problem;

ALTER TABLE lockstep.wish RENAME TO sync_request;
ALTER TABLE lockstep.sync_request RENAME COLUMN wish_id TO request_id;
ALTER INDEX lockstep.wish_open RENAME TO sync_request_open;

ALTER TABLE lockstep.sync_request DROP CONSTRAINT wish_kind_check, DROP CONSTRAINT wish_check, DROP CONSTRAINT wish_check1;
UPDATE lockstep.sync_request
   SET kind = CASE kind WHEN 'compare' THEN 'verify counts' WHEN 'reconcile' THEN 'verify ids'
                        WHEN 'reread' THEN 'verify content' WHEN 'repair' THEN 'refetch' ELSE kind END;
ALTER TABLE lockstep.sync_request
  ADD CONSTRAINT sync_request_kind_check
    CHECK (kind IN ('flush', 'verify counts', 'verify ids', 'verify content', 'refetch', 'keep', 'remove')),
  ADD CONSTRAINT sync_request_ids_check CHECK ((ids IS NOT NULL) = (kind = 'refetch')),
  ADD CONSTRAINT sync_request_objects_check CHECK (objects IS NOT NULL OR kind NOT IN ('refetch', 'keep', 'remove'));
