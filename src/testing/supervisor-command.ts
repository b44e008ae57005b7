/** A program and its arguments, for `child_process.spawn`. */
export interface SupervisorCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * The `sh` process between this process and a nats-server. It is needed because no handler of this process
 * runs when it is killed.
 *
 * - It starts the server when it reads {@link START_SERVER} from stdin. So its process id can be recorded
 *   before the server runs.
 * - It prints `exit CODE` to stdout when the server has ended.
 * - When its stdin closes, because this process ended for any reason, it ends the server: SIGTERM, after 5 s
 *   SIGKILL. Then it removes `folder`, unless it read {@link KEEP_FOLDER} from stdin before.
 */
export function supervisorCommand(
  folder: string,
  program: string,
  args: readonly string[],
): SupervisorCommand {
  return { command: '/bin/sh', args: ['-c', SCRIPT, 'jetsource-supervisor', folder, program, ...args] };
}

/** Written to the supervisor's stdin to start the server. */
export const START_SERVER = 'start\n';

/** Written to the supervisor's stdin before it is closed, to keep the folder. */
// twice: the guard of a running server reads the first line, the end of the script the second one
export const KEEP_FOLDER = 'keep\nkeep\n';

// Descriptor 3 is stdin, since sh gives background jobs /dev/null. When the server has ended, the guard is
// stopped first: the server's process id may already belong to another program. PIPE is ignored, because
// stdout has no reader when the parent was killed, and the folder must still be removed.
const SCRIPT = `
folder=$1; shift
exec 3<&0
read -r word
[ "$word" = start ] || { [ "$word" = keep ] || rm -rf "$folder"; exit; }
"$@" </dev/null 3<&- >&2 &
server=$!
(
  read -r word <&3
  kill -TERM "$server" && kill -CONT "$server"
  waited=0
  while [ $waited -lt 50 ] && kill -0 "$server"; do sleep 0.1; waited=$((waited + 1)); done
  kill -KILL "$server"
) 2>/dev/null &
guard=$!
trap '' PIPE
wait "$server"; code=$?
kill "$guard" 2>/dev/null
echo "exit $code" 2>/dev/null
read -r word <&3
[ "$word" = keep ] || rm -rf "$folder"
`;
