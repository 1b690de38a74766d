// Made from docs/openapi.json: npm run console-schema

export interface paths {
    "/api/v1/syncs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All syncs, by name */
        get: operations["listSyncs"];
        put?: never;
        /**
         * Creates a sync
         * @description Tests everything first: with dry_run nothing else is done. Repeat it with the same Idempotency-Key if you do not know whether it arrived: what was begun is taken up. `GET /requests/KEY` tells how far it is.
         */
        post: operations["createSync"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One sync
         * @description The ETag of the answer is that of its settings, for If-Match.
         */
        get: operations["getSync"];
        put?: never;
        post?: never;
        /**
         * Deletes a sync with its mirror
         * @description The answer says what was erased and what stays; with dry_run, what would be. Interrupted, it is finished by the next call.
         */
        delete: operations["deleteSync"];
        options?: never;
        head?: never;
        /**
         * Changes settings of a sync while it runs
         * @description With dry_run the answer is the sync as it would be, and its ETag that of the settings as they are.
         */
        patch: operations["changeSync"];
        trace?: never;
    };
    "/api/v1/syncs/{sync}/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One sync and all its objects at one moment
         * @description What the first events of its stream tell, for a single look.
         */
        get: operations["getSnapshot"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/objects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The objects of a sync, with the state of each */
        get: operations["listObjects"];
        put?: never;
        /**
         * Adds objects to a sync while it runs
         * @description Their tables are made, and a running sync copies them at once; its other tables keep their pace. Objects that it mirrors already are left alone. With dry_run nothing is made. `GET /requests/KEY` tells how far it is.
         */
        post: operations["addObjects"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/objects/{object}/columns": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The columns of an object's table, with the field and the state of each */
        get: operations["listColumns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/objects/{object}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Removes an object from a sync while it runs
         * @description Its table stays as it is, unless drop_table is true and nothing of somebody else’s depends on it. Done by the sync, when it runs. With dry_run it is only looked at, and answered with 200.
         */
        delete: operations["removeObject"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/operations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Asks a sync for work, which it begins at once if it runs
         * @description Repeat it with the same Idempotency-Key if you do not know whether it arrived.
         */
        post: operations["beginOperation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operations/{operation}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far an operation is */
        get: operations["getOperation"];
        put?: never;
        post?: never;
        /** Withdraws an operation that has not ended */
        delete: operations["withdrawOperation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A sync and its objects as they change
         * @description Server-sent events: `sync` and `object` with the same data as their routes, at first for everything and then at each change; `activity` with an entry of `listActivity` when something happens; `problem` while nothing can be read; `deleted` at the end.
         */
        get: operations["watchSync"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operations/{operation}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * An operation until its end
         * @description Server-sent events: `operation` with the data of its route, whenever its progress may have changed and at its end; `problem` if nobody works on it: the operation stays, and is done when its sync runs.
         */
        get: operations["watchOperation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether a sync runs and every object is complete, up to date and without gaps */
        get: operations["checkSync"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the requests of a sync are for, and how many of its daily requests the org has used */
        get: operations["getUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/usage/hours": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the requests of a sync were for, by hour, purpose and object, for 30 days */
        get: operations["listUsageHours"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/freshness": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far each table of a sync was behind Salesforce: percentiles, for 30 days */
        get: operations["getFreshness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/set-aside": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Records that the mirror cannot store as they are: which, why, and when they are tried again */
        get: operations["listSetAside"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/set-aside/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reads records that are set aside and tries to store them again now
         * @description Up to 1,000 of each object; those tried longest ago first. For single records there is the operation `refetch`.
         */
        post: operations["retrySetAside"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/activity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What has happened to a sync in the last 30 days, the newest first */
        get: operations["listActivity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/proxy-requests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Proxied writes and refused requests of the last 30 days, the newest first
         * @description The newest 100,000 of a sync. In a flood each process adds 600 a minute, and 30 besides of callers whose token Salesforce has not accepted; all are counted by hour.
         */
        get: operations["listProxyRequests"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/proxy-requests/hours": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All proxied requests by hour, method and outcome, reads as well, for 30 days */
        get: operations["listProxyHours"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/trial": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Writes the value of one field of one record back through the proxy, and measures when SQL shows it
         * @description No value changes, but it is an update: triggers and flows of the org run. A step that fails is in the answer.
         */
        post: operations["tryWrite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/readers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The logins of applications that read the mirror */
        get: operations["listReaders"];
        put?: never;
        /**
         * Makes a login for an application, with a password that only this answer shows
         * @description To change a password without a gap, make a second reader, move the application to it, and delete the first. With dry_run the login is only tried, and answered with 200.
         */
        post: operations["createReader"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/readers/{reader}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Deletes a login and ends its sessions */
        delete: operations["deleteReader"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/query": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Runs one query on the mirror, as a reader
         * @description For a look. An application connects to PostgreSQL itself, with a login of its own.
         */
        post: operations["queryMirror"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/system": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The server itself: its version and its database server */
        get: operations["getSystem"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The processes that run syncs, and which sync each one runs */
        get: operations["listWorkers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/leases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Which process has run a sync from when to when, for 30 days, the newest first
         * @description The newest 1,000 of a sync.
         */
        get: operations["listLeases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-ins": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begins a sign-in at Salesforce in a browser
         * @description The web server flow with PKCE. Open start_url in a browser and wait until the sign-in is done; then it serves as a credential.
         */
        post: operations["beginSignIn"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-ins/{signIn}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether a sign-in is done */
        get: operations["getSignIn"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/credential": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Replaces the credential of a sync, which goes on where it is
         * @description It is tried first, and refused if it is of another org. With dry_run it is only tried.
         */
        put: operations["replaceCredential"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/recopy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Copies the org that has taken the place of the old one, after a refresh of a sandbox (ORG-02)
         * @description The tables are emptied and copied again; their names, views and grants stay. With dry_run it only says which org it is, and whether the mirror can be written. Interrupted, it is finished by the next call.
         */
        post: operations["recopySync"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/api-versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The versions of Salesforce's API that the org and this Lockstep know */
        get: operations["listApiVersions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/api-version": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Changes the version of Salesforce's API that the sync speaks, without a new copy
         * @description With dry_run the answer is the sync as it would be.
         */
        put: operations["setApiVersion"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/destinations/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tests a database of your own, step by step
         * @description Nothing of it stays: tables that it makes are dropped again. Needs a key that may write, because the server connects to the host that is given.
         */
        post: operations["checkDestination"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/destinations/sql": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The SQL that the owner of a database runs before a sync is created in it
         * @description Changes nothing and connects to nothing. The passwords are new with each answer.
         */
        post: operations["sqlForDestination"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/destination": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Lets a sync go on at another address of its own database, or with other passwords
         * @description The database is tested first, and must hold the mirror already. With dry_run it is only tested.
         */
        put: operations["replaceDestination"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/former-database": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Drops the private database that a sync has left for one of your own
         * @description With dry_run it only says which.
         */
        delete: operations["dropFormerDatabase"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/org-objects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The objects of the org: which could be mirrored, and why others cannot */
        get: operations["listOrgObjects"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/org-objects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The same before there is a sync, with the credential for it */
        post: operations["findOrgObjects"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/org-objects/{object}/fields": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The fields of an object of the org: which of them the sync mirrors, or would */
        get: operations["listOrgFields"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/org-objects/{object}/fields": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The same before there is a sync, with the credential for it */
        post: operations["findOrgFields"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/org-check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The org of a sync: its edition and limits, and what the user may do */
        get: operations["checkSyncOrg"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/org-checks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The same before there is a sync, with the credential for it */
        post: operations["checkOrg"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jwt-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Key pairs for the JWT bearer flow, with their certificates */
        get: operations["listJwtKeys"];
        put?: never;
        /**
         * Makes a key pair for the JWT bearer flow
         * @description Give its certificate to the app in Salesforce. The private key stays here.
         */
        post: operations["createJwtKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jwt-keys/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Deletes a key pair; syncs that were created with it keep working */
        delete: operations["deleteJwtKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/api-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All keys of this API, without what makes them valid */
        get: operations["listApiKeys"];
        put?: never;
        /** Makes a key, which only this answer shows */
        post: operations["createApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/api-keys/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revokes a key: from now on it is refused */
        delete: operations["revokeApiKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/proxy-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All keys of a sync's proxy, without what makes them valid */
        get: operations["listProxyKeys"];
        put?: never;
        /**
         * Makes a key of a sync's proxy, which only this answer shows
         * @description Requests with it have the rights of the sync's own user in Salesforce, as far as docs/proxy.md says. Of the scope write only the administrator makes one, or a command on the server's machine.
         */
        post: operations["createProxyKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/syncs/{sync}/proxy-keys/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revokes a key of a sync's proxy, which refuses it within seconds */
        delete: operations["revokeProxyKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/requests/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far a request is that was sent with an Idempotency-Key in the last 24 hours */
        get: operations["getRequest"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes the administrator, once, and signs it in
         * @description The token is what the server has shown at its start. The answer sets a cookie. Over plain http only on the server itself.
         */
        post: operations["setUp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes the administrator's password, and ends its other sessions */
        post: operations["changePassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The session of this request, with what its changes need */
        get: operations["getSession"];
        put?: never;
        /**
         * Signs the administrator in
         * @description The answer sets a cookie. Over plain http only on the server itself.
         */
        post: operations["signIn"];
        /** Ends the session of this request */
        delete: operations["signOut"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/by-link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Signs in by the link that the demo has shown, once
         * @description The secret is what follows `#link=`. Only on the server itself. The answer sets a cookie.
         */
        post: operations["signInByLink"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All sessions that last, the first to begin first */
        get: operations["listSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions/{session}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends a session: its next request is refused */
        delete: operations["endSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who has changed what in the last 30 days, the newest first
         * @description Each change by this API or by a command on the server, and each refused sign-in.
         */
        get: operations["listAuditEntries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/errors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All errors that have a code */
        get: operations["listErrors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/errors/{code}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What an error means and what to do about it */
        get: operations["explainError"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        NewCredentialInput: {
            /** @constant */
            flow: "client credentials";
            /** @description The consumer key of the app. */
            client_id: string;
            client_secret: string;
        } | {
            /** @constant */
            flow: "jwt bearer";
            /** @description The consumer key of the app. */
            client_id: string;
            /** @description Of the user to act as. */
            username: string;
            /** @description RSA, in PEM, without a passphrase. */
            private_key?: string;
            /** @description Or the name of a key pair that was made here. */
            key?: string;
        } | {
            /** @constant */
            flow: "refresh token";
            /** @description The consumer key of the app. */
            client_id: string;
            /** @description If the app requires it. */
            client_secret?: string;
            refresh_token: string;
        } | {
            /** @constant */
            flow: "web server";
            /** @description The id of a sign-in that is done. */
            sign_in: string;
        };
        ReplaceCredential: {
            /**
             * Format: uri
             * @description Only if it is another one.
             */
            login_url?: string;
            /** @description Is sealed, and never shown again. */
            credential: components["schemas"]["NewCredentialInput"];
        };
        NewOrgSignIn: {
            /**
             * Format: uri
             * @description The org's My Domain address. For a flow other than client credentials also https://login.salesforce.com, and https://test.salesforce.com for a sandbox.
             */
            login_url: string;
            /** @description The consumer key of the app. */
            client_id: string;
            /** @description If the app requires it. */
            client_secret?: string;
        };
        NewJwtKey: {
            name: string;
        };
        RecopySync: {
            /**
             * Format: uri
             * @description Only if it is another one.
             */
            login_url?: string;
            /** @description Only if the own one does not work any more. */
            credential?: components["schemas"]["NewCredentialInput"];
        };
        NewDestinationInput: {
            host: string;
            /** @default 5432 */
            port: number;
            database: string;
            writer: {
                user: string;
                password: string;
            };
            /** @description With which Lockstep itself reads. */
            reader: {
                user: string;
                password: string;
            };
            /**
             * @description `require` and `off` only for a server on this machine, or on that of the tunnel.
             * @default verify-full
             * @enum {string}
             */
            tls: "verify-full" | "require" | "off";
            /** @description An SSH server that passes connections on to the database, and knows it by its host. */
            tunnel?: {
                host: string;
                /** @default 22 */
                port: number;
                user: string;
                /** @description The user's private key, in PEM or OpenSSH form, without a passphrase. */
                key: string;
                /** @description The fingerprint of its host key. Without it the check fails and says which key the server shows. */
                host_key?: string;
            };
            /** @description The authority that the server's certificate must come from, as PEM; without it a public one. */
            ca?: string;
            /**
             * @description Of the tables.
             * @default salesforce
             */
            schema: string;
            /**
             * @description The schema may contain other tables. They stay as they are; a name that is taken is refused.
             * @default false
             */
            share_schema: boolean;
        } | {
            /** @description With the writer's login: postgres://user:password@host:port/database. */
            url: string;
            /** @description The same with the reader's login. */
            reader_url: string;
            /** @description An SSH server that passes connections on to the database, and knows it by its host. */
            tunnel?: {
                host: string;
                /** @default 22 */
                port: number;
                user: string;
                /** @description The user's private key, in PEM or OpenSSH form, without a passphrase. */
                key: string;
                /** @description The fingerprint of its host key. Without it the check fails and says which key the server shows. */
                host_key?: string;
            };
            /** @description The authority that the server's certificate must come from, as PEM; without it a public one. */
            ca?: string;
            /**
             * @description Of the tables.
             * @default salesforce
             */
            schema: string;
            /**
             * @description The schema may contain other tables. They stay as they are; a name that is taken is refused.
             * @default false
             */
            share_schema: boolean;
        };
        ReplaceDestination: {
            host: string;
            /** @default 5432 */
            port: number;
            database: string;
            writer: {
                user: string;
                password: string;
            };
            /** @description With which Lockstep itself reads. */
            reader: {
                user: string;
                password: string;
            };
            /**
             * @description `require` and `off` only for a server on this machine, or on that of the tunnel.
             * @default verify-full
             * @enum {string}
             */
            tls: "verify-full" | "require" | "off";
            /** @description An SSH server that passes connections on to the database, and knows it by its host. */
            tunnel?: {
                host: string;
                /** @default 22 */
                port: number;
                user: string;
                /** @description The user's private key, in PEM or OpenSSH form, without a passphrase. */
                key: string;
                /** @description The fingerprint of its host key. Without it the check fails and says which key the server shows. */
                host_key?: string;
            };
            /** @description The authority that the server's certificate must come from, as PEM; without it a public one. */
            ca?: string;
        } | {
            /** @description With the writer's login: postgres://user:password@host:port/database. */
            url: string;
            /** @description The same with the reader's login. */
            reader_url: string;
            /** @description An SSH server that passes connections on to the database, and knows it by its host. */
            tunnel?: {
                host: string;
                /** @default 22 */
                port: number;
                user: string;
                /** @description The user's private key, in PEM or OpenSSH form, without a passphrase. */
                key: string;
                /** @description The fingerprint of its host key. Without it the check fails and says which key the server shows. */
                host_key?: string;
            };
            /** @description The authority that the server's certificate must come from, as PEM; without it a public one. */
            ca?: string;
        };
        DatabaseNames: {
            database: string;
            /**
             * @description Of the tables.
             * @default salesforce
             */
            schema: string;
            /**
             * @description For the addresses in the answer.
             * @default localhost
             */
            host: string;
            /** @default 5432 */
            port: number;
            /** @description What the names of the roles begin with: lockstep_ and the database, if it is not given. */
            roles?: string;
        };
        Connection: {
            /**
             * Format: uri
             * @description May be left out with a sign-in.
             */
            login_url?: string;
            /** @description Is sealed, and never shown again. */
            credential: components["schemas"]["NewCredentialInput"];
        };
        SyncChange: {
            /** @description A paused sync reads nothing; its mirror stays as it is, and the proxy keeps working. */
            paused?: boolean;
            /** @description Time between two requests that the sync starts by itself. */
            interval_ms?: number;
            /** @description The sync waits once all programs together have used this share of the org's daily requests. */
            stop_at_percent?: number;
            /**
             * @description What the proxy does with writes while the mirror's database does not answer.
             * @enum {string}
             */
            on_database_down?: "refuse" | "forward";
            /** @description Whether the tables have foreign keys that refuse no row (PostgreSQL 18). */
            foreign_keys?: boolean;
            /** @description Fields that are not mirrored, as OBJECT.FIELD with * for any characters: Account.Description, *.Secret__c. A column that is there keeps its last values; a field taken in later is filled by reading all records again. */
            fields_left_out?: string[];
        };
        SyncInput: {
            id: string;
            name: string;
            org_id: string;
            login_url: string;
            /**
             * @description How it signs in.
             * @enum {string}
             */
            flow: "client credentials" | "jwt bearer" | "refresh token";
            instance_url: string;
            api_version: string;
            /** @description When Salesforce stops serving it, if that is less than a year away. */
            api_version_ends: string | null;
            /** @description In place of the instance URL, for clients of the proxy. */
            base_url: string | null;
            objects: string[];
            /** @description Objects that were removed, until the sync has let their tables go. */
            leaving: string[];
            /** @description A paused sync reads nothing; its mirror stays as it is, and the proxy keeps working. */
            paused: boolean;
            /** @description Time between two requests that the sync starts by itself. */
            interval_ms: number;
            /** @description The sync waits once all programs together have used this share of the org's daily requests. */
            stop_at_percent: number;
            /**
             * @description What the proxy does with writes while the mirror's database does not answer.
             * @enum {string}
             */
            on_database_down: "refuse" | "forward";
            /** @description Whether the tables have foreign keys that refuse no row (PostgreSQL 18). */
            foreign_keys: boolean;
            /** @description Fields that are not mirrored, as OBJECT.FIELD with * for any characters: Account.Description, *.Secret__c. A column that is there keeps its last values; a field taken in later is filled by reading all records again. */
            fields_left_out: string[];
            /** @description Where the tables are. */
            mirror: {
                /** @description Without a login: each application has one of its own, see readers. */
                url: string;
                table_schema: string;
                /**
                 * @description own: a database that a person owns.
                 * @enum {string}
                 */
                kind: "private" | "own";
                /** @description The SSH server through which Lockstep reaches it, as user@host:port. */
                tunnel: string | null;
            };
            /** @enum {string} */
            state: "starting" | "backfilling" | "live" | "catching_up" | "partly" | "quota_wait" | "salesforce_unreachable" | "database_unreachable" | "needs_reauth" | "needs_decision" | "locked" | "not_running" | "paused" | "deleting";
            /** @description The state in words. */
            state_word: string;
            /**
             * @description Of the state: whether it is well, busy, waits, or needs somebody.
             * @enum {string}
             */
            family: "good" | "working" | "waiting" | "gaps" | "stopped" | "resting";
            /** @description The state as a sentence or two, without the last full stop. */
            headline: string;
            /** @description What belongs below the headline, such as the next step. */
            details: string[];
            /** @description What is wrong with its objects, worst first. */
            findings: {
                sobject: string;
                severity: string;
                /** @description True: it is only reported. */
                is_healthy: boolean;
                says: string;
                reason: string;
                next: string;
            }[];
            /** @description Of the object that was read longest ago. A stream of events does not tell that it grows. */
            behind_seconds: number | null;
            /** @description Of the org's daily requests, used by all programs. Null: Salesforce has not told it for a day. */
            quota_percent: number | null;
            has_worker: boolean;
            fault: {
                code: string;
                says: string;
                next: string;
                since: string | null;
                retry_at: string | null;
            } | null;
            /** @description Why the state of the objects cannot be read. */
            mirror_fault: {
                code: string;
                says: string;
                next: string;
            } | null;
        };
        SyncObjectInput: {
            sobject: string;
            table_name: string;
            /** @enum {string} */
            state: "queued" | "backfilling" | "current" | "behind" | "columns" | "limited" | "rows_missing" | "stopped" | "paused";
            /** @description The state in words. */
            state_word: string;
            /**
             * @description Of the state, as of a sync.
             * @enum {string}
             */
            family: "good" | "working" | "waiting" | "gaps" | "stopped" | "resting";
            /** @description The age of `read_until` now. Null: it is not copied yet, or has no field that tells. A stream of events does not tell that it grows. */
            behind_seconds: number | null;
            /** @description The object is behind if that is more. */
            target_seconds: number;
            /** @description How fast it is copied. Null: it is not, now. */
            backfill: {
                /** @description Over about ten minutes. */
                rows_per_minute: number | null;
                seconds_left: number | null;
                /** @description In words; without a figure: `Measuring`, `Counting` or why it waits. */
                time_left: string;
            } | null;
            rows: number;
            rows_expected: number | null;
            backfill_percent: number;
            /** @description How its backfill reads: by jobs of Bulk API 2.0, or by pages of a query. */
            backfill_by: ("bulk" | "pages") | null;
            /** @description Why it reads by pages although Bulk was tried. */
            backfill_reason: string | null;
            /** @description Every change from before then is in the mirror, apart from late ones. */
            read_until: string | null;
            /** @description No change from before then can still arrive. */
            settled_until: string | null;
            counts_verified_at: string | null;
            stamps_verified_at: string | null;
            content_verified_at: string | null;
            missing_rows: number;
            set_aside_rows: number;
            stopped: {
                code: string;
                says: string;
                next: string;
            } | null;
            problems: {
                code: string;
                says: string;
                next: string;
                kind: string;
                since: string | null;
                tries: number;
                retry_at: string | null;
            }[];
            hidden_fields: {
                field: string;
                column_name: string;
                since: string | null;
                /** @description It is visible, and complete once all records have been read again. */
                is_filling: boolean;
            }[];
            /** @description Compound, encrypted and binary fields. */
            fields_without_value: {
                field: string;
                /** @description As Salesforce names it. */
                type: string;
                /** @description Null: it has none. */
                column_name: string | null;
                /** @description Why the mirror does not have its values, as the predicate of a sentence about it. */
                note: string;
            }[];
        };
        NewSync: {
            name: string;
            /**
             * Format: uri
             * @description May be left out with a sign-in.
             */
            login_url?: string;
            /** @description Is sealed, and never shown again. */
            credential: components["schemas"]["NewCredentialInput"];
            /** @description API names, in any letter case. Without it, those of Account, Contact, Lead, Opportunity, User, Product2 that the user can read. */
            objects?: string[];
            /** @description A paused sync reads nothing; its mirror stays as it is, and the proxy keeps working. */
            paused?: boolean;
            /**
             * @description Time between two requests that the sync starts by itself.
             * @default 3000
             */
            interval_ms: number;
            /** @description The sync waits once all programs together have used this share of the org's daily requests. */
            stop_at_percent?: number;
            /**
             * @description What the proxy does with writes while the mirror's database does not answer.
             * @enum {string}
             */
            on_database_down?: "refuse" | "forward";
            /** @description Whether the tables have foreign keys that refuse no row (PostgreSQL 18). */
            foreign_keys?: boolean;
            /**
             * @description Fields that are not mirrored, as OBJECT.FIELD with * for any characters: Account.Description, *.Secret__c. A column that is there keeps its last values; a field taken in later is filled by reading all records again.
             * @default []
             */
            fields_left_out: string[];
            /**
             * @description Of Salesforce's API, such as 63.0; newest: the newest that both know.
             * @default newest
             */
            api_version: string;
            /** @description Without it the sync gets a private database. */
            destination?: components["schemas"]["NewDestinationInput"];
        };
        AddObjects: {
            /** @description API names, in any letter case. */
            objects: string[];
        };
        RetrySetAside: {
            objects?: string[];
        };
        WantedApiVersion: {
            api_version: string;
        };
        SetUp: {
            /** @description What the server has shown at its start. */
            token: string;
            /** @description A long phrase is fine. Nothing else is required. */
            password: string;
            /**
             * Format: email
             * @description For notices.
             */
            email?: string;
        };
        SignIn: {
            password: string;
        };
        SignInByLink: {
            /** @description What the demo has shown at its start. */
            secret: string;
        };
        PasswordChange: {
            current: string;
            /** @description A long phrase is fine. Nothing else is required. */
            new: string;
        };
        NewOperation: {
            /** @constant */
            kind: "flush";
            /** @description It is withdrawn if it has not ended by then. */
            expires_in_seconds?: number;
        } | {
            /** @constant */
            kind: "verify";
            /** @enum {string} */
            level: "counts" | "ids" | "content";
            /** @description API names; all objects of the sync if they are left out. */
            objects?: string[];
            /** @description It is withdrawn if it has not ended by then. */
            expires_in_seconds?: number;
        } | {
            /** @constant */
            kind: "refetch";
            object: string;
            ids: string[];
            /** @description It is withdrawn if it has not ended by then. */
            expires_in_seconds?: number;
        } | {
            /** @enum {string} */
            kind: "keep" | "remove";
            object: string;
            /** @description It is withdrawn if it has not ended by then. */
            expires_in_seconds?: number;
        };
        NewApiKey: {
            name: string;
            /**
             * @description read: only what changes nothing.
             * @enum {string}
             */
            scope: "read" | "write";
            expires_in_days?: number;
        };
        NewReader: {
            /** @description Of the application, for example. */
            name: string;
        };
        Query: {
            /** @description One statement. */
            query: string;
        };
        ColumnInput: {
            column_name: string;
            /** @description As PostgreSQL names it; null: somebody has removed the column. */
            column_type: string | null;
            /** @description Its API name in Salesforce. */
            field: string;
            /** @description As Salesforce names it. */
            field_type: string;
            is_formula: boolean;
            /** @description The objects whose Ids it can hold. */
            refers_to: string[];
            /**
             * @description `filling`: complete once all records have been read again; `hidden` from the sync's user, and `left out` by a person: the column keeps its earlier values.
             * @enum {string}
             */
            state: "mirrored" | "filling" | "hidden" | "left out";
            /** @description Of the state; null: it is mirrored. */
            since: string | null;
            /** @description The field has another type now: the column with its earlier values, whose name this one takes when it is complete. */
            replaces: string | null;
            /** @description Why it does not have the values, as the predicate of a sentence about it. */
            note: string | null;
        };
        NewTrial: {
            /** @description A mirrored object: its API name. */
            object: string;
            id: string;
            /** @description The caller's own access token of Salesforce, or a key of the sync's proxy that writes. It is used for this request and stored nowhere. */
            token: string;
            /** @description A text field to write; without it Description, or the name of the record. */
            field?: string;
        };
        Activity: {
            id: string;
            /** Format: date-time */
            at: string;
            /**
             * @description `state`: another state of the sync or of an object; `problem`: some work on an object fails, or works again, records are set aside or stored after all, or somebody has decided about missing rows; `check`: what a comparison with Salesforce has repaired.
             * @enum {string}
             */
            kind: "state" | "problem" | "backfill" | "check" | "schema" | "credential" | "destination" | "org";
            /** @description Of a state: the state; of a sync `resumed` until its worker has begun. Else one of a few fixed words. */
            event: string;
            /** @description Of a state: the one before it. */
            before: string | null;
            /** @description Null: it concerns the sync as a whole. */
            object: string | null;
            /** @description The same as a sentence. */
            says: string;
            /** @description Of a change of an object or its fields: what was done about it, as a sentence. */
            done: string | null;
            /** @description `GET /errors/CODE` explains it. */
            code: string | null;
            /** @description A field, the work on an object such as `poll`, or the host or API version of the org. */
            detail: string | null;
            rows: number | null;
            /** @description How often the same has happened within a minute. */
            times: number;
            /** @description Somebody had to do something. */
            needs_person: boolean;
            /** @description Who has decided it, as in the audit log. Null: it has happened by itself. */
            who: string | null;
        };
        Problem: {
            /** @description Where the error is explained, relative to the server. */
            type: string;
            title: string;
            status: number;
            detail: string;
            /** @description Never changes; docs/errors.md lists all of them. The SQLSTATE of a failed query. */
            code: string;
            /**
             * @description What is wrong, in general.
             * @enum {string}
             */
            kind: "unexpected" | "usage" | "not healthy" | "not found" | "not allowed" | "Salesforce refused" | "database refused" | "time ran out" | "interrupted";
            /** @description What to do about it, in words of the command line; empty if there is nothing to do. */
            next: string;
            /** @description Everything that is wrong with the request. The problem itself tells the first. */
            errors: {
                /** @description As a path: login_url, objects.3; empty for the request as a whole. */
                field: string;
                reason: string;
                /** @description As that of the problem; empty without one. */
                code: string;
                /** @description The one repair; empty if the reason says it. */
                next: string;
            }[];
            /** @description Further lines, such as the place of an error in a query. */
            lines: string[];
            /** @description Stands in the log line of the request. */
            request_id: string;
        };
        NewCredential: {
            /** @constant */
            flow: "client credentials";
            /** @description The consumer key of the app. */
            client_id: string;
            client_secret: string;
        } | {
            /** @constant */
            flow: "jwt bearer";
            /** @description The consumer key of the app. */
            client_id: string;
            /** @description Of the user to act as. */
            username: string;
            /** @description RSA, in PEM, without a passphrase. */
            private_key?: string;
            /** @description Or the name of a key pair that was made here. */
            key?: string;
        } | {
            /** @constant */
            flow: "refresh token";
            /** @description The consumer key of the app. */
            client_id: string;
            /** @description If the app requires it. */
            client_secret?: string;
            refresh_token: string;
        } | {
            /** @constant */
            flow: "web server";
            /** @description The id of a sign-in that is done. */
            sign_in: string;
        };
        OrgSignIn: {
            id: string;
            login_url: string;
            /**
             * @description done: use it as the credential of a sync within the hour.
             * @enum {string}
             */
            state: "waiting" | "done" | "failed";
            org_id: string | null;
            instance_url: string | null;
            fault: {
                code: string;
                says: string;
                next: string;
            } | null;
            expires_at: string | null;
        };
        OrgSignInOnce: {
            id: string;
            login_url: string;
            /**
             * @description done: use it as the credential of a sync within the hour.
             * @enum {string}
             */
            state: "waiting" | "done" | "failed";
            org_id: string | null;
            instance_url: string | null;
            fault: {
                code: string;
                says: string;
                next: string;
            } | null;
            expires_at: string | null;
            /** @description To be opened in a browser, once, within ten minutes: it leads to Salesforce and back. */
            start_url: string;
            /** @description The callback address that the app in Salesforce must list. */
            redirect_uri: string;
        };
        JwtKey: {
            name: string;
            /** @description PEM, for the app in Salesforce. */
            certificate: string;
            created_at: string | null;
            expires_at: string | null;
        };
        Recopy: {
            old_org_id: string;
            org_id: string;
            instance_url: string;
            erases: string[];
            keeps: string[];
            /** @description Objects that cannot be read in the new org: their tables stay empty. */
            skipped: {
                object: string;
                reason: string;
            }[];
        };
        NewDestination: {
            host: string;
            /** @default 5432 */
            port: number;
            database: string;
            writer: {
                user: string;
                password: string;
            };
            /** @description With which Lockstep itself reads. */
            reader: {
                user: string;
                password: string;
            };
            /**
             * @description `require` and `off` only for a server on this machine, or on that of the tunnel.
             * @default verify-full
             * @enum {string}
             */
            tls: "verify-full" | "require" | "off";
            /** @description An SSH server that passes connections on to the database, and knows it by its host. */
            tunnel?: {
                host: string;
                /** @default 22 */
                port: number;
                user: string;
                /** @description The user's private key, in PEM or OpenSSH form, without a passphrase. */
                key: string;
                /** @description The fingerprint of its host key. Without it the check fails and says which key the server shows. */
                host_key?: string;
            };
            /** @description The authority that the server's certificate must come from, as PEM; without it a public one. */
            ca?: string;
            /**
             * @description Of the tables.
             * @default salesforce
             */
            schema: string;
            /**
             * @description The schema may contain other tables. They stay as they are; a name that is taken is refused.
             * @default false
             */
            share_schema: boolean;
        } | {
            /** @description With the writer's login: postgres://user:password@host:port/database. */
            url: string;
            /** @description The same with the reader's login. */
            reader_url: string;
            /** @description An SSH server that passes connections on to the database, and knows it by its host. */
            tunnel?: {
                host: string;
                /** @default 22 */
                port: number;
                user: string;
                /** @description The user's private key, in PEM or OpenSSH form, without a passphrase. */
                key: string;
                /** @description The fingerprint of its host key. Without it the check fails and says which key the server shows. */
                host_key?: string;
            };
            /** @description The authority that the server's certificate must come from, as PEM; without it a public one. */
            ca?: string;
            /**
             * @description Of the tables.
             * @default salesforce
             */
            schema: string;
            /**
             * @description The schema may contain other tables. They stay as they are; a name that is taken is refused.
             * @default false
             */
            share_schema: boolean;
        };
        DestinationChecks: {
            /** @description A mirror can be made there. */
            passed: boolean;
            checks: {
                name: string;
                /** @enum {string} */
                state: "passed" | "failed" | "skipped";
                /** @description Of the error, if it failed. */
                code: string | null;
                says: string;
                /** @description Empty unless it failed. */
                next: string;
                /** @description The statement that repairs it, for the database's owner; null: no statement does. */
                sql: string | null;
                ms: number;
            }[];
        };
        DatabaseSql: {
            /** @description For the database's owner with CREATEROLE, connected to the database. */
            sql: string;
            /** @description Removes all of it again, and the mirror. */
            undo: string;
            /** @description With the writer's login and a new password, which is stored nowhere. */
            url: string;
            /** @description The same with the reader's. */
            reader_url: string;
        };
        FormerDatabase: {
            /** @description Of the server that the control database is on. */
            database: string;
        };
        OrgObject: {
            sobject: string;
            label: string;
            is_custom: boolean;
            /** @description Most syncs have it. */
            is_recommended: boolean;
            /** @description The sync mirrors it. */
            is_chosen: boolean;
            /** @description Why it cannot be mirrored, as the predicate of a sentence about it; null: it can. */
            unreadable: string | null;
            /** @description About, as Salesforce counts them; null: not known. */
            records: number | null;
            /** @description With details only. */
            freshness: ("polled" | "new records polled" | "compared") | null;
            /** @description What is slower than that, as the predicate of a sentence about the object. */
            note: string | null;
            /** @description With details only: about how many requests comparing all records once costs, for an object whose changes are not all polled; null: they are, or it is not known. */
            pass_requests: number | null;
        };
        OrgField: {
            field: string;
            label: string;
            /** @description As Salesforce names it. */
            type: string;
            /** @description Of its column; null: it has none. */
            column_type: string | null;
            /** @enum {string} */
            state: "mirrored" | "left out" | "no column";
            /** @description Why it has no column, or must have one, as the predicate of a sentence about it. */
            note: string | null;
        };
        Sync: {
            id: string;
            name: string;
            org_id: string;
            login_url: string;
            /**
             * @description How it signs in.
             * @enum {string}
             */
            flow: "client credentials" | "jwt bearer" | "refresh token";
            instance_url: string;
            api_version: string;
            /** @description When Salesforce stops serving it, if that is less than a year away. */
            api_version_ends: string | null;
            /** @description In place of the instance URL, for clients of the proxy. */
            base_url: string | null;
            objects: string[];
            /** @description Objects that were removed, until the sync has let their tables go. */
            leaving: string[];
            /** @description A paused sync reads nothing; its mirror stays as it is, and the proxy keeps working. */
            paused: boolean;
            /** @description Time between two requests that the sync starts by itself. */
            interval_ms: number;
            /** @description The sync waits once all programs together have used this share of the org's daily requests. */
            stop_at_percent: number;
            /**
             * @description What the proxy does with writes while the mirror's database does not answer.
             * @enum {string}
             */
            on_database_down: "refuse" | "forward";
            /** @description Whether the tables have foreign keys that refuse no row (PostgreSQL 18). */
            foreign_keys: boolean;
            /** @description Fields that are not mirrored, as OBJECT.FIELD with * for any characters: Account.Description, *.Secret__c. A column that is there keeps its last values; a field taken in later is filled by reading all records again. */
            fields_left_out: string[];
            /** @description Where the tables are. */
            mirror: {
                /** @description Without a login: each application has one of its own, see readers. */
                url: string;
                table_schema: string;
                /**
                 * @description own: a database that a person owns.
                 * @enum {string}
                 */
                kind: "private" | "own";
                /** @description The SSH server through which Lockstep reaches it, as user@host:port. */
                tunnel: string | null;
            };
            /** @enum {string} */
            state: "starting" | "backfilling" | "live" | "catching_up" | "partly" | "quota_wait" | "salesforce_unreachable" | "database_unreachable" | "needs_reauth" | "needs_decision" | "locked" | "not_running" | "paused" | "deleting";
            /** @description The state in words. */
            state_word: string;
            /**
             * @description Of the state: whether it is well, busy, waits, or needs somebody.
             * @enum {string}
             */
            family: "good" | "working" | "waiting" | "gaps" | "stopped" | "resting";
            /** @description The state as a sentence or two, without the last full stop. */
            headline: string;
            /** @description What belongs below the headline, such as the next step. */
            details: string[];
            /** @description What is wrong with its objects, worst first. */
            findings: {
                sobject: string;
                severity: string;
                /** @description True: it is only reported. */
                is_healthy: boolean;
                says: string;
                reason: string;
                next: string;
            }[];
            /** @description Of the object that was read longest ago. A stream of events does not tell that it grows. */
            behind_seconds: number | null;
            /** @description Of the org's daily requests, used by all programs. Null: Salesforce has not told it for a day. */
            quota_percent: number | null;
            has_worker: boolean;
            fault: {
                code: string;
                says: string;
                next: string;
                since: string | null;
                retry_at: string | null;
            } | null;
            /** @description Why the state of the objects cannot be read. */
            mirror_fault: {
                code: string;
                says: string;
                next: string;
            } | null;
        };
        SyncObject: {
            sobject: string;
            table_name: string;
            /** @enum {string} */
            state: "queued" | "backfilling" | "current" | "behind" | "columns" | "limited" | "rows_missing" | "stopped" | "paused";
            /** @description The state in words. */
            state_word: string;
            /**
             * @description Of the state, as of a sync.
             * @enum {string}
             */
            family: "good" | "working" | "waiting" | "gaps" | "stopped" | "resting";
            /** @description The age of `read_until` now. Null: it is not copied yet, or has no field that tells. A stream of events does not tell that it grows. */
            behind_seconds: number | null;
            /** @description The object is behind if that is more. */
            target_seconds: number;
            /** @description How fast it is copied. Null: it is not, now. */
            backfill: {
                /** @description Over about ten minutes. */
                rows_per_minute: number | null;
                seconds_left: number | null;
                /** @description In words; without a figure: `Measuring`, `Counting` or why it waits. */
                time_left: string;
            } | null;
            rows: number;
            rows_expected: number | null;
            backfill_percent: number;
            /** @description How its backfill reads: by jobs of Bulk API 2.0, or by pages of a query. */
            backfill_by: ("bulk" | "pages") | null;
            /** @description Why it reads by pages although Bulk was tried. */
            backfill_reason: string | null;
            /** @description Every change from before then is in the mirror, apart from late ones. */
            read_until: string | null;
            /** @description No change from before then can still arrive. */
            settled_until: string | null;
            counts_verified_at: string | null;
            stamps_verified_at: string | null;
            content_verified_at: string | null;
            missing_rows: number;
            set_aside_rows: number;
            stopped: {
                code: string;
                says: string;
                next: string;
            } | null;
            problems: {
                code: string;
                says: string;
                next: string;
                kind: string;
                since: string | null;
                tries: number;
                retry_at: string | null;
            }[];
            hidden_fields: {
                field: string;
                column_name: string;
                since: string | null;
                /** @description It is visible, and complete once all records have been read again. */
                is_filling: boolean;
            }[];
            /** @description Compound, encrypted and binary fields. */
            fields_without_value: {
                field: string;
                /** @description As Salesforce names it. */
                type: string;
                /** @description Null: it has none. */
                column_name: string | null;
                /** @description Why the mirror does not have its values, as the predicate of a sentence about it. */
                note: string;
            }[];
        };
        Snapshot: {
            sync: components["schemas"]["Sync"];
            /** @description None while the mirror cannot be read: see `mirror_fault`. */
            objects: components["schemas"]["SyncObject"][];
            /**
             * Format: date-time
             * @description The database's time of this answer.
             */
            as_of: string;
        };
        Deletion: {
            erases: string[];
            keeps: string[];
        };
        CheckedSync: {
            org_id: string;
            instance_url: string;
            objects: {
                sobject: string;
                label: string;
                table_name: string;
                columns: number;
                /**
                 * @description How the mirror learns of changes: by asking for what has changed, or by comparing all records.
                 * @enum {string}
                 */
                freshness: "polled" | "new records polled" | "compared";
                /** @description What is slower than that, as the predicate of a sentence about the object. */
                note: string | null;
            }[];
            /** @description If no objects were named: those that are usual and cannot be taken. */
            skipped: {
                object: string;
                reason: string;
            }[];
        };
        AddedObjects: {
            /** @description Those that were not there before. */
            objects: {
                sobject: string;
                label: string;
                table_name: string;
                columns: number;
                /**
                 * @description How the mirror learns of changes: by asking for what has changed, or by comparing all records.
                 * @enum {string}
                 */
                freshness: "polled" | "new records polled" | "compared";
                /** @description What is slower than that, as the predicate of a sentence about the object. */
                note: string | null;
            }[];
        };
        Removal: {
            object: string;
            drops_table: boolean;
            /** @description What somebody has made that needs the table and keeps it from being dropped: a view, for example. */
            dependents: string[];
        };
        Usage: {
            requests: {
                purpose: string;
                last_hour: number;
                last_day: number;
            }[];
            queries: {
                sobject: string;
                kind: string;
                queries: number;
                rows: number;
            }[];
            /** @description What the requests of this hour and the 23 before it were for. */
            shares: {
                /** @description The busiest first. Queries of several objects share a request, so it may have a fraction. */
                objects: {
                    sobject: string;
                    requests: number;
                }[];
                /** @description Of programs, through the proxy. */
                proxied: number;
                /** @description For no single object: signing in, descriptions, counts, and what failed. */
                other: number;
                total: number;
                /** @description About: the org's requests less these. Salesforce reports them with delay; null: it has not yet. */
                other_programs: number | null;
            };
            /** @description The org's requests of 24 hours, by all programs together; null: Salesforce has not said yet. */
            org: {
                used: number;
                max: number;
                percent: number;
                recorded_at: string | null;
            } | null;
            stop_at_percent: number;
            /**
             * Format: date-time
             * @description The database's time of this answer.
             */
            as_of: string;
        };
        SetAside: {
            rows: number;
            groups: {
                sobject: string;
                column_name: string | null;
                code: string;
                reason: string;
                rows: number;
            }[];
            /** @description The first of them, those tried longest ago first. */
            items: {
                sobject: string;
                column_name: string | null;
                code: string;
                reason: string;
                id: string;
                first_seen_at: string | null;
                last_seen_at: string | null;
                tries: number;
                retry_at: string | null;
            }[];
            /**
             * Format: date-time
             * @description The database's time of this answer.
             */
            as_of: string;
        };
        RetriedSetAside: {
            items: {
                sobject: string;
                rows: number;
                /** @description If more: repeat the request for the rest. */
                of: number;
                operation_id: string;
            }[];
        };
        Check: {
            is_healthy: boolean;
            /** @description Why it is not. */
            reasons: string[];
            /** @description What is only reported. */
            notes: string[];
        };
        ApiVersions: {
            current: string;
            /** @description That both know. */
            newest: string;
            /** @description All that both know, newest first. */
            common: {
                version: string;
                label: string;
            }[];
        };
        Session: {
            id: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            last_seen_at: string;
            /**
             * Format: date-time
             * @description 12 hours after the last request, and 7 days after its begin in any case.
             */
            expires_at: string;
            /** @description Where it began. */
            address: string;
            /** @description The browser, in short. */
            user_agent: string;
            /** @description Null: it lasts. */
            ended_at: string | null;
            /** @description Why it has ended. `ended by a person`: by `DELETE /sessions/…`; the audit log says by whom. */
            ending: ("signed out" | "signed in again" | "ended by a person" | "expired" | "password changed") | null;
            /** @description It is the session of this request. */
            is_own: boolean;
        };
        OwnSession: {
            id: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            last_seen_at: string;
            /**
             * Format: date-time
             * @description 12 hours after the last request, and 7 days after its begin in any case.
             */
            expires_at: string;
            /** @description Where it began. */
            address: string;
            /** @description The browser, in short. */
            user_agent: string;
            /** @description For the header X-Lockstep-CSRF, which each request with the cookie needs unless it is a GET. */
            csrf_token: string;
        };
        AuditEntry: {
            id: string;
            /** Format: date-time */
            at: string;
            /** @description `administrator`, `key NAME`, `this machine` for its own commands, `nobody` before signing in. */
            who: string;
            /** @description Null: a command that opened the control database. */
            address: string | null;
            /** @description The operationId of this document. */
            operation: string;
            sync: {
                id: string;
                name: string;
            } | null;
            /** @description What else it concerns, such as the name of a key. */
            thing: string | null;
            /** @description Settings as they were. */
            before: {
                [key: string]: unknown;
            } | null;
            /** @description Settings as they are then, or what was asked for. Never a secret. */
            after: {
                [key: string]: unknown;
            } | null;
            /** @description The code with which it was refused; null: it was done. */
            refusal: string | null;
            request_id: string | null;
        };
        ErrorEntry: {
            code: string;
            /** @enum {string} */
            kind: "transient" | "permanent" | "needs-person";
            title: string;
            /** @description Names in braces are filled in where the error occurs. */
            explanation: string;
            next: string;
        };
        Operation: {
            id: string;
            sync_id: string;
            /** @enum {string} */
            kind: "flush" | "verify" | "refetch" | "keep" | "remove";
            /** @description API names; null: all objects of the sync. */
            objects: string[] | null;
            /**
             * @description queued: no worker has taken it yet.
             * @enum {string}
             */
            state: "queued" | "running" | "done" | "failed";
            /** @description From when it was asked for to its end, or until now. */
            took_ms: number;
            progress: {
                /** @description Objects that are done. */
                done: number;
                of: number;
                objects: {
                    object: string;
                    rows: number;
                    of: number;
                }[];
            } | null;
            result: {
                objects: number;
                skipped: {
                    object: string;
                    reason: string;
                }[];
                /** @description Rows that differed and were repaired. */
                repairs: {
                    sobject: string;
                    kind: string;
                    rows: number;
                }[];
                /** @description Records of these objects that the mirror cannot store as they are. */
                set_aside: {
                    sobject: string;
                    column_name: string | null;
                    code: string;
                    reason: string;
                    rows: number;
                }[];
            } | null;
            fault: {
                code: string;
                says: string;
                next: string;
            } | null;
        };
        ApiKey: {
            name: string;
            /**
             * @description read: only what changes nothing.
             * @enum {string}
             */
            scope: "read" | "write";
            created_at: string | null;
            expires_at: string | null;
            last_used_at: string | null;
            is_expired: boolean;
        };
        ApiKeyOnce: {
            name: string;
            /**
             * @description read: only what changes nothing.
             * @enum {string}
             */
            scope: "read" | "write";
            created_at: string | null;
            expires_at: string | null;
            last_used_at: string | null;
            is_expired: boolean;
            key: string;
        };
        Reader: {
            name: string;
            /** @description Its role in PostgreSQL. */
            login: string;
        };
        ReaderOnce: {
            name: string;
            /** @description Its role in PostgreSQL. */
            login: string;
            /** @description With the password, which is stored nowhere. */
            mirror_url: string;
        };
        QueryResult: {
            /** @description Several may have the same name. */
            columns: string[];
            /** @description Values as PostgreSQL's own text. */
            rows: (string | null)[][];
            /** @description There are more rows than these; an answer has 10000 at most. */
            is_cut: boolean;
        };
        Column: {
            column_name: string;
            /** @description As PostgreSQL names it; null: somebody has removed the column. */
            column_type: string | null;
            /** @description Its API name in Salesforce. */
            field: string;
            /** @description As Salesforce names it. */
            field_type: string;
            is_formula: boolean;
            /** @description The objects whose Ids it can hold. */
            refers_to: string[];
            /**
             * @description `filling`: complete once all records have been read again; `hidden` from the sync's user, and `left out` by a person: the column keeps its earlier values.
             * @enum {string}
             */
            state: "mirrored" | "filling" | "hidden" | "left out";
            /** @description Of the state; null: it is mirrored. */
            since: string | null;
            /** @description The field has another type now: the column with its earlier values, whose name this one takes when it is complete. */
            replaces: string | null;
            /** @description Why it does not have the values, as the predicate of a sentence about it. */
            note: string | null;
        };
        Columns: {
            sobject: string;
            /** @description In their order. Fields without a column: `fields_without_value` of the object. */
            columns: components["schemas"]["Column"][];
            /**
             * Format: date-time
             * @description The database's time of this answer.
             */
            as_of: string;
        };
        OrgCheck: {
            org_id: string;
            name: string | null;
            /** @description As Salesforce names it. */
            edition: string | null;
            is_sandbox: boolean | null;
            trial_ends_at: string | null;
            instance_url: string;
            /** @description The newest that both know. */
            api_version: string;
            /** @description Whose rights the sync has; null: Salesforce does not tell this app. */
            user: {
                id: string;
                username: string;
                name: string;
            } | null;
            /** @description Of all programs together, in any 24 hours. */
            daily_requests: {
                max: number;
                used: number;
            } | null;
            /** @description The fastest of the requests made for this. */
            round_trip_ms: number;
            /** @description Other syncs of the same org: each uses its daily requests. */
            synced_as: string[];
            /** @description Fields of the objects that others may read and the user may not, as Account.Industry; null: Salesforce does not tell. Of a sync that is yet to be made, those of the usual objects. */
            hidden_fields: string[] | null;
            checks: {
                name: string;
                /** @enum {string} */
                state: "passed" | "advice" | "must fix";
                says: string;
                /** @description The setting in Salesforce; empty if it passed. */
                next: string;
            }[];
        };
        ProxyRequest: {
            id: string;
            /**
             * Format: date-time
             * @description When it was answered.
             */
            at: string;
            method: string;
            /** @description API name of a mirrored object, in lower case if it was removed since; null: another one, several, or unknown. */
            object: string | null;
            record_id: string | null;
            /**
             * @description `applied`: the mirror showed the write before its answer; `pending`: it follows; `polled`: the records are not known, so tables are polled; `passed on`: it concerned no mirrored record; `refused`: by Salesforce, or by the proxy with a code; `unknown`: nobody knows whether Salesforce did it.
             * @enum {string}
             */
            outcome: "applied" | "pending" | "polled" | "passed on" | "refused" | "unknown" | "caller left";
            /** @description With which the proxy refused it, or lost its answer. */
            code: string | null;
            status: number;
            took_ms: number;
            /** @description Of that, until Salesforce had answered. */
            salesforce_ms: number;
            /** @description Of that, reading back what was written. */
            read_back_ms: number;
            /** @description Of that, storing what was read. */
            apply_ms: number;
            /** @description That of its line in the server's log. */
            request_id: string;
        };
        ProxyHours: {
            items: {
                /**
                 * Format: date-time
                 * @description Its beginning.
                 */
                hour: string;
                method: string;
                /** @enum {string} */
                outcome: "applied" | "pending" | "polled" | "passed on" | "refused" | "unknown" | "caller left" | "read";
                requests: number;
                average_ms: number;
            }[];
            /**
             * Format: date-time
             * @description The database's time of this answer.
             */
            as_of: string;
        };
        UsageHour: {
            /**
             * Format: date-time
             * @description Its beginning.
             */
            hour: string;
            /** @description The most urgent one of the queries in a request. */
            purpose: string;
            /** @description Null: requests that are not for one object, such as proxied ones, and those that failed. */
            object: string | null;
            /** @description Queries of several objects share a request, so it may have a fraction. */
            requests: number;
            queries: number;
            rows: number;
        };
        Freshness: {
            /** @description Its beginning; null: all hours together. */
            hour: string | null;
            object: string;
            /** @description One a minute while a worker runs the sync. */
            samples: number;
            /** @description Milliseconds between the time up to which changes were read and the sample. */
            p50_ms: number;
            /** @description Milliseconds between the time up to which changes were read and the sample. */
            p95_ms: number;
            /** @description Milliseconds between the time up to which changes were read and the sample. */
            max_ms: number;
        };
        BegunRequest: {
            /**
             * @description `interrupted`: its server has died; repeated with its key, the request takes up what was begun.
             * @enum {string}
             */
            state: "running" | "interrupted" | "done";
            /** @description Of the step that it is at. Null: it has said nothing yet. */
            progress: {
                step: string;
                done: number;
                of: number;
            } | null;
            /** @description Of its answer, which its repetition gets. */
            status: number | null;
            /** Format: date-time */
            begun_at: string;
        };
        System: {
            version: string;
            /** @description Its Salesforce org is simulated. */
            is_demo: boolean;
            /** @description Of the control database and the mirrors. */
            database_host: string;
            proxy_url: string | null;
            /** @description On the disk of the database server that comes with Lockstep; null: another server is used, and its disk is not known. */
            free_disk_bytes: number | null;
            /** @description Databases of that server that readers of the mirrors can connect to, because PUBLIC may. */
            public_databases: string[];
        };
        Trial: {
            /** @description Every step is. */
            is_ok: boolean;
            /** @description The field that was written. */
            field: string;
            steps: {
                /**
                 * @description `record`: it is read through the proxy; `write`: the same value is written back; `sql`: a reader of the mirror sees this write; `unchanged`: Salesforce has the value that it had before.
                 * @enum {string}
                 */
                step: "record" | "write" | "sql" | "unchanged";
                is_ok: boolean;
                took_ms: number;
                /** @description Salesforce's, or the proxy's. */
                status: number | null;
                /** @description Value of Lockstep-Applied. */
                applied: string | null;
                /** @description A code of Lockstep's, or of Salesforce's. */
                code: string | null;
                says: string;
            }[];
        };
        Worker: {
            /** @description Its machine, its process number and what makes it unique. */
            id: string;
            /** Format: date-time */
            started_at: string;
            /**
             * Format: date-time
             * @description Without another heartbeat it counts as dead then.
             */
            alive_until: string;
            syncs: {
                id: string;
                name: string;
                /** @description The number of the lease; each new holder has the next one. */
                epoch: number;
                claimed_at: string | null;
            }[];
        };
        Lease: {
            /** @description Its number; each new holder has the next one. */
            epoch: number;
            worker_id: string;
            /** Format: date-time */
            claimed_at: string;
            /** @description Of one that was taken over: when that was, since nobody knows when its worker went. */
            ended_at: string | null;
            /** @description `released`: the worker let it go, because it stopped, the sync was paused or another worker joined; `taken over`: the worker was gone, and another one claimed the sync; `lost`: the worker is gone, and nobody has claimed the sync since; null: it lasts. */
            ending: ("released" | "taken over" | "lost") | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listSyncs: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `next` of the page before. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All syncs, by name */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Sync"][];
                        /** @description For the next page; null: this was the last one. */
                        next: string | null;
                        /**
                         * Format: date-time
                         * @description The database's time of this answer.
                         */
                        as_of: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createSync: {
        parameters: {
            query?: {
                /** @description Says what would be done, without doing it. */
                dry_run?: "true" | "false";
            };
            header?: {
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSync"];
            };
        };
        responses: {
            /** @description Creates a sync */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckedSync"];
                };
            };
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sync"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSync: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One sync */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sync"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteSync: {
        parameters: {
            query?: {
                /** @description Says what would be done, without doing it. */
                dry_run?: "true" | "false";
                /** @description In a database of your own, leaves the mirror as it is: nothing connects to it. */
                keep_mirror?: "true" | "false";
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deletes a sync with its mirror */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deletion"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changeSync: {
        parameters: {
            query?: {
                /** @description Says what would be done, without doing it. */
                dry_run?: "true" | "false";
            };
            header?: {
                /** @description Refuses the change if the settings have another ETag. */
                "if-match"?: string;
            };
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SyncChange"];
            };
        };
        responses: {
            /** @description Changes settings of a sync while it runs */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sync"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSnapshot: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One sync and all its objects at one moment */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listObjects: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `next` of the page before. */
                after?: string;
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The objects of a sync, with the state of each */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SyncObject"][];
                        /** @description For the next page; null: this was the last one. */
                        next: string | null;
                        /**
                         * Format: date-time
                         * @description The database's time of this answer.
                         */
                        as_of: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    addObjects: {
        parameters: {
            query?: {
                /** @description Says what would be done, without doing it. */
                dry_run?: "true" | "false";
            };
            header?: {
                "idempotency-key"?: string;
            };
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddObjects"];
            };
        };
        responses: {
            /** @description Adds objects to a sync while it runs */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AddedObjects"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listColumns: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
                object: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The columns of an object's table, with the field and the state of each */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Columns"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    removeObject: {
        parameters: {
            query?: {
                /** @description Says what would be done, without doing it. */
                dry_run?: "true" | "false";
                /** @description Whether its table is dropped too. */
                drop_table?: "true" | "false";
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
                object: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removes an object from a sync while it runs */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Removal"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sync"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    beginOperation: {
        parameters: {
            query?: never;
            header?: {
                "idempotency-key"?: string;
            };
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewOperation"];
            };
        };
        responses: {
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Operation"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getOperation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                operation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How far an operation is */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Operation"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    withdrawOperation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                operation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    watchSync: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A sync and its objects as they change */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        event: string;
                        /** @description JSON */
                        data: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    watchOperation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                operation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description An operation until its end */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        event: string;
                        /** @description JSON */
                        data: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    checkSync: {
        parameters: {
            query?: {
                /** @description How long ago an object may have been read, if less than a sync of its pace needs. */
                max_age_ms?: number;
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether a sync runs and every object is complete, up to date and without gaps */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Check"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getUsage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the requests of a sync are for, and how many of its daily requests the org has used */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Usage"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listUsageHours: {
        parameters: {
            query?: {
                /** @description The last 24 hours without it. */
                since?: string;
                limit?: number;
                /** @description `next` of the page before. */
                after?: string;
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the requests of a sync were for, by hour, purpose and object, for 30 days */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["UsageHour"][];
                        /** @description For the next page; null: this was the last one. */
                        next: string | null;
                        /**
                         * Format: date-time
                         * @description The database's time of this answer.
                         */
                        as_of: string;
                        /** @description The org's requests of the 24 hours before, by all programs together, as last reported in each hour. */
                        org: {
                            /** Format: date-time */
                            hour: string;
                            used: number;
                            max: number;
                        }[];
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getFreshness: {
        parameters: {
            query?: {
                /** @description The last 24 hours without it. */
                since?: string;
                limit?: number;
                /** @description `next` of the page before. */
                after?: string;
                /** @description `hour`: by object and hour. */
                by?: "object" | "hour";
                /** @description Only of this object: its API name. */
                object?: string;
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How far each table of a sync was behind Salesforce: percentiles, for 30 days */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Freshness"][];
                        /** @description For the next page; null: this was the last one. */
                        next: string | null;
                        /**
                         * Format: date-time
                         * @description The database's time of this answer.
                         */
                        as_of: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listSetAside: {
        parameters: {
            query?: {
                /** @description Only of these objects: API names, separated by commas. */
                objects?: string;
                limit?: number;
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Records that the mirror cannot store as they are: which, why, and when they are tried again */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetAside"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    retrySetAside: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RetrySetAside"];
            };
        };
        responses: {
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetriedSetAside"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listActivity: {
        parameters: {
            query?: {
                /** @description Only of this object: its API name. */
                object?: string;
                kind?: "state" | "problem" | "backfill" | "check" | "schema" | "credential" | "destination" | "org";
                /** @description Only what has this code, such as `SF-01`. */
                code?: string;
                since?: string;
                /** @description Only what happened before then. */
                until?: string;
                /** @description Only what somebody had to do something about. */
                only?: "needs-person";
                /** @description The id of an entry: only later ones. */
                newer_than?: string;
                limit?: number;
                /** @description `next` of the page before. */
                after?: string;
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What has happened to a sync in the last 30 days, the newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Activity"][];
                        /** @description For the next page; null: this was the last one. */
                        next: string | null;
                        /**
                         * Format: date-time
                         * @description The database's time of this answer.
                         */
                        as_of: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listProxyRequests: {
        parameters: {
            query?: {
                outcome?: "applied" | "pending" | "polled" | "passed on" | "refused" | "unknown" | "caller left";
                /** @description Only of this object: its API name. */
                object?: string;
                since?: string;
                limit?: number;
                /** @description `next` of the page before. */
                after?: string;
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Proxied writes and refused requests of the last 30 days, the newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ProxyRequest"][];
                        /** @description For the next page; null: this was the last one. */
                        next: string | null;
                        /**
                         * Format: date-time
                         * @description The database's time of this answer.
                         */
                        as_of: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listProxyHours: {
        parameters: {
            query?: {
                /** @description The last 24 hours without it. */
                since?: string;
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All proxied requests by hour, method and outcome, reads as well, for 30 days */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProxyHours"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    tryWrite: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewTrial"];
            };
        };
        responses: {
            /** @description Writes the value of one field of one record back through the proxy, and measures when SQL shows it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trial"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listReaders: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `next` of the page before. */
                after?: string;
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The logins of applications that read the mirror */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Reader"][];
                        /** @description For the next page; null: this was the last one. */
                        next: string | null;
                        /**
                         * Format: date-time
                         * @description The database's time of this answer.
                         */
                        as_of: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createReader: {
        parameters: {
            query?: {
                /** @description Says what would be done, without doing it. */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewReader"];
            };
        };
        responses: {
            /** @description Makes a login for an application, with a password that only this answer shows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reader"];
                };
            };
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReaderOnce"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteReader: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
                reader: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    queryMirror: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Query"];
            };
        };
        responses: {
            /** @description Runs one query on the mirror, as a reader */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueryResult"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSystem: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The server itself: its version and its database server */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["System"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listWorkers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The processes that run syncs, and which sync each one runs */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description All live ones, the oldest first. */
                        items: components["schemas"]["Worker"][];
                        /**
                         * Format: date-time
                         * @description The database's time of this answer.
                         */
                        as_of: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listLeases: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `next` of the page before. */
                after?: string;
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Which process has run a sync from when to when, for 30 days, the newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Lease"][];
                        /** @description For the next page; null: this was the last one. */
                        next: string | null;
                        /**
                         * Format: date-time
                         * @description The database's time of this answer.
                         */
                        as_of: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    beginSignIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewOrgSignIn"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrgSignInOnce"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSignIn: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                signIn: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether a sign-in is done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrgSignIn"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replaceCredential: {
        parameters: {
            query?: {
                /** @description Says what would be done, without doing it. */
                dry_run?: "true" | "false";
            };
            header?: {
                /** @description Refuses the change if the settings have another ETag. */
                "if-match"?: string;
            };
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplaceCredential"];
            };
        };
        responses: {
            /** @description Replaces the credential of a sync, which goes on where it is */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sync"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    recopySync: {
        parameters: {
            query?: {
                /** @description Says what would be done, without doing it. */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RecopySync"];
            };
        };
        responses: {
            /** @description Copies the org that has taken the place of the old one, after a refresh of a sandbox (ORG-02) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Recopy"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listApiVersions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The versions of Salesforce's API that the org and this Lockstep know */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiVersions"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    setApiVersion: {
        parameters: {
            query?: {
                /** @description Says what would be done, without doing it. */
                dry_run?: "true" | "false";
            };
            header?: {
                /** @description Refuses the change if the settings have another ETag. */
                "if-match"?: string;
            };
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WantedApiVersion"];
            };
        };
        responses: {
            /** @description Changes the version of Salesforce's API that the sync speaks, without a new copy */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sync"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    checkDestination: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewDestinationInput"];
            };
        };
        responses: {
            /** @description Tests a database of your own, step by step */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DestinationChecks"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sqlForDestination: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DatabaseNames"];
            };
        };
        responses: {
            /** @description The SQL that the owner of a database runs before a sync is created in it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatabaseSql"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replaceDestination: {
        parameters: {
            query?: {
                /** @description Says what would be done, without doing it. */
                dry_run?: "true" | "false";
            };
            header?: {
                /** @description Refuses the change if the settings have another ETag. */
                "if-match"?: string;
            };
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplaceDestination"];
            };
        };
        responses: {
            /** @description Lets a sync go on at another address of its own database, or with other passwords */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sync"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    dropFormerDatabase: {
        parameters: {
            query?: {
                /** @description Says what would be done, without doing it. */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Drops the private database that a sync has left for one of your own */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FormerDatabase"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listOrgObjects: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `next` of the page before. */
                after?: string;
                /** @description Part of the label or the API name. */
                search?: string;
                only?: "recommended" | "standard" | "custom" | "possible" | "not possible" | "chosen";
                /** @description Whether the page says how changes are learned of: one request to Salesforce per 25 objects. */
                details?: "true" | "false";
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The objects of the org: which could be mirrored, and why others cannot */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["OrgObject"][];
                        /** @description For the next page; null: this was the last one. */
                        next: string | null;
                        /**
                         * Format: date-time
                         * @description The database's time of this answer.
                         */
                        as_of: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    findOrgObjects: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `next` of the page before. */
                after?: string;
                /** @description Part of the label or the API name. */
                search?: string;
                only?: "recommended" | "standard" | "custom" | "possible" | "not possible" | "chosen";
                /** @description Whether the page says how changes are learned of: one request to Salesforce per 25 objects. */
                details?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Connection"];
            };
        };
        responses: {
            /** @description The same before there is a sync, with the credential for it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["OrgObject"][];
                        /** @description For the next page; null: this was the last one. */
                        next: string | null;
                        /**
                         * Format: date-time
                         * @description The database's time of this answer.
                         */
                        as_of: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listOrgFields: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
                object: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The fields of an object of the org: which of them the sync mirrors, or would */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        sobject: string;
                        fields: components["schemas"]["OrgField"][];
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    findOrgFields: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                object: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Connection"];
            };
        };
        responses: {
            /** @description The same before there is a sync, with the credential for it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        sobject: string;
                        fields: components["schemas"]["OrgField"][];
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    checkSyncOrg: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The org of a sync: its edition and limits, and what the user may do */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrgCheck"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    checkOrg: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Connection"];
            };
        };
        responses: {
            /** @description The same before there is a sync, with the credential for it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrgCheck"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listJwtKeys: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `next` of the page before. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Key pairs for the JWT bearer flow, with their certificates */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["JwtKey"][];
                        /** @description For the next page; null: this was the last one. */
                        next: string | null;
                        /**
                         * Format: date-time
                         * @description The database's time of this answer.
                         */
                        as_of: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createJwtKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewJwtKey"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JwtKey"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteJwtKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listApiKeys: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `next` of the page before. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All keys of this API, without what makes them valid */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ApiKey"][];
                        /** @description For the next page; null: this was the last one. */
                        next: string | null;
                        /**
                         * Format: date-time
                         * @description The database's time of this answer.
                         */
                        as_of: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewApiKey"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyOnce"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    revokeApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listProxyKeys: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `next` of the page before. */
                after?: string;
            };
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All keys of a sync's proxy, without what makes them valid */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ApiKey"][];
                        /** @description For the next page; null: this was the last one. */
                        next: string | null;
                        /**
                         * Format: date-time
                         * @description The database's time of this answer.
                         */
                        as_of: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createProxyKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewApiKey"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyOnce"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    revokeProxyKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name or its id. */
                sync: string;
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRequest: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How far a request is that was sent with an Idempotency-Key in the last 24 hours */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BegunRequest"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    setUp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetUp"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnSession"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changePassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordChange"];
            };
        };
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session of this request, with what its changes need */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnSession"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    signIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignIn"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnSession"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    signOut: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    signInByLink: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignInByLink"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnSession"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listSessions: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `next` of the page before. */
                after?: string;
                /** @description Also those that have ended in the last 30 days. */
                ended?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All sessions that last, the first to begin first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Session"][];
                        /** @description For the next page; null: this was the last one. */
                        next: string | null;
                        /**
                         * Format: date-time
                         * @description The database's time of this answer.
                         */
                        as_of: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    endSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAuditEntries: {
        parameters: {
            query?: {
                /** @description Its name or its id; also of one that is deleted. */
                sync?: string;
                who?: string;
                since?: string;
                limit?: number;
                /** @description `next` of the page before. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who has changed what in the last 30 days, the newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["AuditEntry"][];
                        /** @description For the next page; null: this was the last one. */
                        next: string | null;
                        /**
                         * Format: date-time
                         * @description The database's time of this answer.
                         */
                        as_of: string;
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listErrors: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All errors that have a code */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ErrorEntry"][];
                    };
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    explainError: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                code: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What an error means and what to do about it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorEntry"];
                };
            };
            /** @description The request is refused; nothing was changed. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server, a database or Salesforce failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
