// biome-ignore-all lint: generated
// biome-ignore-all format: generated
// Written by `npm run emit -w @flywheel/api`; a test fails when it differs from the sources.
import type { Hono } from 'hono'

/** Every route of the api: what it takes and what it answers. */
export type ApiSchema = {
  "/v1/accounting": {
    $get: {
      input: {
        query: {
          since?: string | undefined
          until?: string | undefined
        }
      }
      output: {
        accepted: number
        balanced: boolean
        created: number
        dead_lettered: number
        distinct: number
        dropped: number
        duplicated: {
          id: string
          log_id: string
          partition: number
          position: number
          table: string
          type: string
        }[]
        duplicated_count: number
        erased: number
        expired: number
        given_up_but_accepted: number
        id_reused: number
        in_log: null | number
        in_log_records: null | number
        in_log_unknown: null | string
        lost: {
          first: number
          last: number
          log_id: string
          partition: number
        }[]
        lost_records: number
        missing: {
          id: string
          log_id: string
          partition: number
          position: number
          table: string
          type: string
        }[]
        missing_count: number
        pending: number
        problems: string[]
        receipt_lines: number
        rejected: number
        repeats: number
        stored: number
        unreceipted: {
          id: string
          log_id: string
          partition: number
          position: number
          table: string
          type: string
        }[]
        unreceipted_count: number
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/backup": {
    $post: {
      input: {
        json: {
          path: string
        }
      }
      output: {
        begun_at: string
        bytes: number
        files: number
        log_records: number
        path: string
        paused_ms: number
        secret: "environment" | "file"
      }
      outputFormat: "json"
      status: 201
    }
  }
  "/v1/consent": {
    $post: {
      input: {
        json: {
          applies_from?: string | undefined
          basis?: string | undefined
          label?: "granted" | "withdrawn" | undefined
          purpose: "evaluate" | "license" | "train"
          subject?: string | undefined
          subject_kind?: "project" | "session" | "user" | undefined
        }
      }
      output: {
        applies_from: string
        basis: null | string
        id: string
        label: "granted" | "withdrawn"
        occurred_at: string
        purpose: "evaluate" | "license" | "train"
        subject: string
        subject_kind: "project" | "session" | "user"
      }
      outputFormat: "json"
      status: 202
    }
  }
  "/v1/dead-letters": {
    $get: {
      input: {
        query: {
          code?: string | undefined
          cursor?: string | undefined
          event_id?: string | undefined
          limit?: number | string | undefined
          since?: string | undefined
          state?: "open" | "replayed" | "stored" | undefined
          until?: string | undefined
        }
      }
      output: {
        items: {
          body_bytes: number
          body_until: string
          code: string
          event_id: string
          id: string
          line: number
          log_id: string
          message: string
          partition: number
          position: number
          received_at: string
          replays: number
          row_until: string
          state: "open" | "replayed" | "stored"
          type: string
        }[]
        next_cursor: null | string
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/dead-letters/:id": {
    $get: {
      input: {
        param: {
          id: string
        }
      }
      output: {
        body: string
        body_bytes: number
        body_until: string
        code: string
        event_id: string
        id: string
        line: number
        log_id: string
        message: string
        partition: number
        position: number
        received_at: string
        replays: number
        row_until: string
        state: "open" | "replayed" | "stored"
        type: string
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/dead-letters/replay": {
    $post: {
      input: {
        json: {
          all?: true | undefined
          code?: string | undefined
          dry_run?: boolean | undefined
          ids?: string[] | undefined
          limit?: number | undefined
          since?: string | undefined
          state?: "open" | "replayed" | undefined
          until?: string | undefined
          with?: string | undefined
        }
      }
      output: {
        dry_run: boolean
        has_more: boolean
        items: {
          body_bytes: number
          body_until: string
          code: string
          event_id: string
          id: string
          line: number
          log_id: string
          message: string
          partition: number
          position: number
          received_at: string
          replays: number
          row_until: string
          state: "open" | "replayed" | "stored"
          type: string
        }[]
        records: number
        replayed: number
        skipped: {
          id: string
          reason: "bytes_expired" | "header_unknown" | "record_unreadable" | "stored"
        }[]
      }
      outputFormat: "json"
      status: 202
    }
  }
  "/v1/erasures": {
    $post: {
      input: {
        json: {
          reason?: string | undefined
          subject: string
          subject_kind: "session" | "user"
        }
      }
      output: {
        counts: {
          [name: string]: number
        }
        created_at: string
        events: number
        exports: {
          deliveries: {
            attempts: number
            export_id: string
            kind: "hub" | "s3" | "webhook"
            name: string
            remains: string
            status: "by_hand" | "done" | "failed" | "open"
          }[]
          export_id: string
          recipients: string[]
          replaced_by: null | string
          rows: number
        }[]
        horizon_at: null | string
        id: string
        limits: string[]
        reason: string
        state: "final" | "hidden" | "rewritten"
        subject_kind: "project" | "session" | "user"
        waits_for: null | string
      }
      outputFormat: "json"
      status: 202
    }
  }
  "/v1/erasures/:id": {
    $get: {
      input: {
        param: {
          id: string
        }
      }
      output: {
        counts: {
          [name: string]: number
        }
        created_at: string
        events: number
        exports: {
          deliveries: {
            attempts: number
            export_id: string
            kind: "hub" | "s3" | "webhook"
            name: string
            remains: string
            status: "by_hand" | "done" | "failed" | "open"
          }[]
          export_id: string
          recipients: string[]
          replaced_by: null | string
          rows: number
        }[]
        horizon_at: null | string
        id: string
        limits: string[]
        reason: string
        state: "final" | "hidden" | "rewritten"
        subject_kind: "project" | "session" | "user"
        waits_for: null | string
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/exports": {
    $get: {
      input: {}
      output: {
        items: {
          created_at: string
          dir: string
          export_id: string
          funnel: unknown
          kind: "delta" | "erasure" | "full"
          pairs: number
          parent: null | string
          places: string[]
          recipe_hash: string
          recipe_name: string
          status: "published" | "superseded"
          supervised: number
          unpaired: number
          watermark: string
        }[]
      }
      outputFormat: "json"
      status: 200
    }
    $post: {
      input: {
        json: {
          as_of?: string | undefined
          plan?: string | undefined
          recipe?: undefined | {
            [name: string]: unknown
          }
        }
      }
      output: {
        dir: string
        export_id: string
        first_row: unknown
        funnel: unknown
        manifest_path: string
        pairs: number
        reused: boolean
        supervised: number
        unpaired: number
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/exports/:id": {
    $get: {
      input: {
        param: {
          id: string
        }
      }
      output: {
        created_at: string
        dir: string
        export_id: string
        funnel: unknown
        kind: "delta" | "erasure" | "full"
        manifest: unknown
        pairs: number
        parent: null | string
        places: string[]
        recipe_hash: string
        recipe_name: string
        status: "published" | "superseded"
        supervised: number
        unpaired: number
        watermark: string
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/exports/:id/recipients": {
    $get: {
      input: {
        param: {
          id: string
        }
      }
      output: {
        items: {
          created_at: string
          note: string
          recipient: string
        }[]
      }
      outputFormat: "json"
      status: 200
    }
    $post: {
      input: {
        json: {
          note?: string | undefined
          recipient: string
        }
        param: {
          id: string
        }
      }
      output: {
        items: {
          created_at: string
          note: string
          recipient: string
        }[]
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/exports/count": {
    $post: {
      input: {
        json: {
          plan?: string | undefined
          recipe?: undefined | {
            [name: string]: unknown
          }
        }
      }
      output: {
        funnel: unknown
        nothing: null | {
          detail: string
          gate: string
        }
        pairs: number
        parent: null | string
        recipe_name: string
        splits: {
          [name: string]: number
        }
        strategies: {
          candidates: number
          pairs: number
          strategy: string
          supervised: number
          unpaired: number
        }[]
        superseded: null | number
        supervised: number
        unpaired: number
        watermark: string
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/exports/rows/:row_id": {
    $get: {
      input: {
        param: {
          row_id: string
        }
      }
      output: {
        config: string
        exports: {
          created_at: string
          export_id: string
          recipe_name: string
          split: string
          status: string
        }[]
        feedback: {
          author_id: string
          author_kind: string
          field: string
          id: string
          kept_preview: string
          kind: string
          label: string
          occurred_at: string
          reason_codes: string[]
          stage: string
          state: "elsewhere" | "live" | "retracted" | "retraction" | "superseded" | "yields_to_commit"
          trust: string
          value: null | number
        }[]
        gone: string[]
        interactions: {
          id: string
          model_answered: string
          output_preview: string
          prompt_preview: string
          session_id: string
          t: string
          task: string
          user_id: string
        }[]
        row_id: string
        strategy: string
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/exports/runs": {
    $get: {
      input: {
        query: {
          limit?: unknown
        }
      }
      output: {
        items: {
          cause: "request" | "schedule"
          deliveries: unknown[]
          due_at: null | string
          duration_ms: null | number
          error: null | string
          error_code: null | string
          export_id: null | string
          finished_at: null | string
          gate: null | string
          id: string
          recipe_name: string
          result: "empty" | "failed" | "published" | "reused" | "running"
          started_at: string
        }[]
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/exports/validate": {
    $post: {
      input: {
        query: {
          target?: string | undefined
        }
      }
      output: {
        part: string
        problem_count: number
        problems: {
          code: string
          row: number
        }[]
        rows: number
        valid: boolean
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/exports/withdraw": {
    $post: {
      input: {}
      output: {
        items: {
          erasures: string[]
          export_id: string
          outcome: "missing" | "removed" | "rewritten"
          replaced_by: null | string
          rows: number
        }[]
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/feedback/orphaned": {
    $get: {
      input: {
        query: {
          limit?: number | string | undefined
        }
      }
      output: {
        count: number
        items: {
          id: string
          kind: string
          occurred_at: string
          received_at: string
          session_id: string
          target: string
          target_kind: string
          trust: string
        }[]
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/health": {
    $get: {
      input: {}
      output: {
        backlog: null | {
          bytes: number
          lines: number
          oldest_ms: number
          records: number
        }
        errors: {
          at: string
          code: string
          message: string
          part: string
        }[]
        lag_ms: null | number
        now: string
        watermark: null | string
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/interactions": {
    $get: {
      input: {
        query: {
          cursor?: string | undefined
          environment?: string | undefined
          feedback_kind?: "choice" | "comment" | "copy" | "correction" | "outcome" | "rating" | "regenerate" | "retain" | "review" | "shown" | "thumb" | "verdict" | undefined
          has_feedback?: "false" | "true" | undefined
          limit?: number | string | undefined
          model?: string | undefined
          prompt_name?: string | undefined
          prompt_version?: string | undefined
          provider?: string | undefined
          release?: string | undefined
          session_id?: string | undefined
          since?: string | undefined
          status?: "aborted" | "error" | "ok" | "partial" | undefined
          surface?: string | undefined
          tag?: string | undefined
          task?: string | undefined
          text?: string | undefined
          trace_id?: string | undefined
          turn_id?: string | undefined
          until?: string | undefined
          user_id?: string | undefined
        }
      }
      output: unknown
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/interactions/:id": {
    $get: {
      input: {
        param: {
          id: string
        }
      }
      output: {
        agent_name: string
        consent: {
          [name: string]: string
        }
        consent_basis: string
        continues: string
        duration_ms: null | number
        environment: string
        error_message: string
        error_type: string
        feedback: {
          author_id: string
          author_kind: string
          choice: number
          id: string
          kind: string
          label: string
          occurred_at: string
          received_at: string
          resolved_choice: number
          retracts: null | string
          state: "live" | "retracted" | "retraction" | "superseded" | "yields_to_commit"
          t: string
          target: string
          target_kind: string
          trust: "public" | "server" | "ticket"
          value: null | number
          [name: string]: unknown
        }[]
        finish_reasons: string[]
        has_text: boolean
        id: string
        messages: unknown
        metadata: {
          [name: string]: string
        }
        model_answered: string
        model_requested: string
        operation: "chat" | "completion" | "embedding" | "execute_tool" | "other"
        output_preview: string
        outputs: unknown
        parameters: unknown
        parent_id: null | string
        prompt_name: string
        prompt_preview: string
        prompt_variables: unknown
        prompt_version: string
        provider: string
        provider_json: unknown
        provider_response_id: string
        received_at: string
        regenerated_from: null | string
        release: string
        session_id: string
        span_id: string
        status: "aborted" | "error" | "ok" | "partial"
        surface: string
        system: unknown
        t: string
        tags: string[]
        task: string
        time_to_first_token_ms: null | number
        tools: unknown
        trace_id: string
        trust: "public" | "server" | "ticket"
        turn_id: string
        usage_cache_write_tokens: null | number
        usage_cached_tokens: null | number
        usage_input_tokens: null | number
        usage_output_tokens: null | number
        usage_reasoning_tokens: null | number
        user_id: string
        [name: string]: unknown
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/keys": {
    $get: {
      input: {}
      output: {
        items: {
          created_at: string
          id: string
          kind: "pk" | "sk"
          name: string
          origins: string[]
          scopes: ("admin" | "export:run" | "feedback:write" | "ingest:write" | "read" | "review:write" | "server" | "sql:read")[]
          status: "active" | "retired" | "revoked"
        }[]
      }
      outputFormat: "json"
      status: 200
    }
    $post: {
      input: {
        json: {
          kind?: "pk" | "sk" | undefined
          name?: string | undefined
          origins?: string[] | undefined
          scopes?: ("admin" | "export:run" | "feedback:write" | "ingest:write" | "read" | "review:write" | "server" | "sql:read")[] | undefined
        }
      }
      output: {
        created_at: string
        id: string
        key: string
        kind: "pk" | "sk"
        name: string
        origins: string[]
        scopes: ("admin" | "export:run" | "feedback:write" | "ingest:write" | "read" | "review:write" | "server" | "sql:read")[]
        status: "active" | "retired" | "revoked"
      }
      outputFormat: "json"
      status: 201
    }
  }
  "/v1/keys/:id": {
    $delete: {
      input: {
        param: {
          id: string
        }
      }
      output: {
        created_at: string
        id: string
        kind: "pk" | "sk"
        name: string
        origins: string[]
        scopes: ("admin" | "export:run" | "feedback:write" | "ingest:write" | "read" | "review:write" | "server" | "sql:read")[]
        status: "active" | "retired" | "revoked"
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/query": {
    $post: {
      input: {
        json: {
          limit?: number | undefined
          sql: string
        }
      }
      output: unknown
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/recipes": {
    $get: {
      input: {}
      output: {
        items: {
          created_at: string
          hash: string
          name: string
          versions: number
        }[]
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/recipes/:name": {
    $delete: {
      input: {
        param: {
          name: string
        }
      }
      output: {
        name: string
      }
      outputFormat: "json"
      status: 200
    }
    $get: {
      input: {
        param: {
          name: string
        }
        query: {
          hash?: string | undefined
        }
      }
      output: {
        created_at: string
        hash: string
        name: string
        recipe: {
          [name: string]: unknown
        }
        versions: {
          created_at: string
          hash: string
          key_id: string
        }[]
      }
      outputFormat: "json"
      status: 200
    }
    $put: {
      input: {
        json: {
          [name: string]: unknown
        }
        param: {
          name: string
        }
      }
      output: {
        changed: boolean
        created_at: string
        hash: string
        name: string
      }
      outputFormat: "json"
      status: 200
    }
  }
  "/v1/statistics": {
    $get: {
      input: {
        query: {
          group_by?: "day" | "hour" | "model" | "prompt_version" | "release" | "status" | "surface" | "task" | undefined
          since?: string | undefined
          until?: string | undefined
        }
      }
      output: {
        items: {
          corrected: number
          correction_rate: number
          duration_ms_p50: null | number
          errors: number
          feedback: {
            [name: string]: number
          }
          group: string
          input_tokens: number
          interactions: number
          output_tokens: number
        }[]
      }
      outputFormat: "json"
      status: 200
    }
  }
}

/** The api as `hc<Api>(url)` wants it. */
export type Api = Hono<{}, ApiSchema, '/'>
