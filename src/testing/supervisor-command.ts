/** A program and its arguments, for `child_process.spawn`. */
export interface SupervisorCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * The `sh` that stands between us and a nats-server, because no handler of ours runs when we are killed.
 *
 * - It starts the server when {@link START_SERVER} comes on stdin, so that the supervisor's own process id can be put
 *   down before there is a server that would need it.
 * - It prints `exit CODE` on stdout when the server has ended.
 * - When its stdin closes (we ended, however that came) it ends the server: SIGTERM, after 5 s SIGKILL. Then it removes
 *   `folder`, unless {@link KEEP_FOLDER} came on stdin before.
 */
export function supervisorCommand(
  folder: string,
  program: string,
  args: readonly string[],
): SupervisorCommand {
  return { command: '/bin/sh', args: ['-c', SCRIPT, 'jetsource-supervisor', folder, program, ...args] };
}

/** What to write to the supervisor's stdin to have the server started. */
export const START_SERVER = 'start\n';

/** What to write to the supervisor's stdin before closing it when the folder has to stay. */
// twice: a running server's guard reads the first line, the rest of the script the second
export const KEEP_FOLDER = 'keep\nkeep\n';

// Descriptor 3 holds our stdin, since sh gives background jobs /dev/null. After the server's end the guard is stopped
// before anything else: the process id may belong to another program by then. PIPE is ignored because nobody reads the
// report when we were killed, and the folder has to go all the same.
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
