import com.azure.core.exception.HttpResponseException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How the client programs of this folder tell what they checked and ask for what is not theirs to do: a JSON line for
 * each, answered by a line on standard input. Whatever a check comes to, the next one is made.
 */
final class Report {
  interface Step {
    void run() throws Exception;
  }

  private static final BufferedReader ANSWERS = new BufferedReader(new InputStreamReader(System.in));

  static void check(String name, Step step) {
    try {
      step.run();
      write(Map.of("check", name));
    } catch (Throwable thrown) {
      StringWriter trace = new StringWriter();
      thrown.printStackTrace(new PrintWriter(trace));
      write(Map.of("check", name, "error", trace.toString()));
    }
  }

  /** Has somebody else make a key. */
  static void create(String key, String kty) throws IOException {
    ask("{\"ask\":\"create\",\"key\":\"" + key + "\",\"kty\":\"" + kty + "\"}");
  }

  /** Has somebody else rotate a key. */
  static void rotate(String key) throws IOException {
    ask("{\"ask\":\"rotate\",\"key\":\"" + key + "\"}");
  }

  /** Takes every role from this program. */
  static void revoke() throws IOException {
    ask("{\"ask\":\"revoke\"}");
  }

  /** The service must say 403, and nothing else. */
  static void refused(Step step) throws Exception {
    try {
      step.run();
    } catch (Exception thrown) {
      for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
        if (cause instanceof HttpResponseException answered && answered.getResponse().getStatusCode() == 403) return;
      }
      throw thrown;
    }
    throw new IllegalStateException("it was done");
  }

  static void require(boolean held, String otherwise) {
    if (!held) throw new IllegalStateException(otherwise);
  }

  private static void ask(String line) throws IOException {
    System.out.println(line);
    System.out.flush();
    String answer = ANSWERS.readLine();
    require("{}".equals(answer), "asked in vain: " + answer);
  }

  private static void write(Map<String, String> line) {
    System.out.println(line.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(member -> quoted(member.getKey()) + ":" + quoted(member.getValue()))
        .collect(Collectors.joining(",", "{", "}")));
    System.out.flush();
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    text.chars().forEach(c -> out.append(c < ' ' || c == '"' || c == '\\' ? String.format("\\u%04x", c) : Character.toString(c)));
    return out.append('"').toString();
  }

  private Report() {}
}
