import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.apache.maven.artifact.versioning.ComparableVersion;

/** Reads pairs of versions, a tab between them, and prints -1, 0 or 1 for each. */
public class Maven {
    public static void main(String[] arguments) throws Exception {
        var input = new InputStreamReader(System.in, StandardCharsets.UTF_8);
        var answers = new StringBuilder();
        for (String line : (Iterable<String>) new BufferedReader(input).lines()::iterator) {
            String[] pair = line.split("\t", -1);
            var a = new ComparableVersion(pair[0]);
            var b = new ComparableVersion(pair[1]);
            answers.append(Integer.signum(a.compareTo(b))).append('\n');
        }
        System.out.print(answers);
    }
}
