import com.marcnuri.helm.Helm;
import java.nio.file.Path;

/** java -cp JARS Helm.java CHART VALUES…: prints the chart rendered with each file of values. */
class HelmTemplate {
    public static void main(String[] arguments) {
        Helm chart = new Helm(Path.of(arguments[0]));
        for (int at = 1; at < arguments.length; at++) {
            System.out.println("#=== " + arguments[at]);
            Path values = Path.of(arguments[at]);
            try {
                var template = chart.template().withName("flywheel").withNamespace("flywheel").withKubeVersion("1.31.0");
                System.out.println(template.withValuesFile(values).call());
            } catch (RuntimeException failure) {
                System.out.println("#!!! " + failure.getMessage().replace('\n', ' '));
            }
        }
    }
}
