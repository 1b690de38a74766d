-- An object that a person has removed stays here until the worker of the sync has let its table go.
ALTER TABLE lockstep.stream
  ADD COLUMN leaving text CHECK (leaving IN ('keep table', 'drop table'));
