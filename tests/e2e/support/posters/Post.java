// Posts a body and prints the status of each answer: Post.java PORT HOST CA VERSION SIZE TIMES
// The name is resolved by the file of the property jdk.net.hosts.file.

import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Post {
  static SSLContext trusting(String file) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null);
    try (FileInputStream pem = new FileInputStream(file)) {
      store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(pem));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  public static void main(String[] arguments) throws Exception {
    boolean isTwo = arguments[3].equals("2");
    byte[] body = new byte[Integer.parseInt(arguments[4])];
    HttpClient client = HttpClient.newBuilder()
        .version(isTwo ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1)
        .sslContext(trusting(arguments[2])).build();
    URI uri = URI.create("https://" + arguments[1] + ":" + arguments[0] + "/early");
    for (int i = 0; i < Integer.parseInt(arguments[5]); ++i) {
      HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(10))
          .POST(HttpRequest.BodyPublishers.ofByteArray(body)).build();
      try {
        HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println(answer.statusCode());
      } catch (java.io.IOException error) {
        System.out.println(error);
      }
    }
  }
}
