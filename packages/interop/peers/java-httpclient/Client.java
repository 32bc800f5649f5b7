// Java's own java.net.http as a client: Client URL CLOSER

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import java.io.ByteArrayOutputStream;

public class Client implements WebSocket.Listener {
  private static final int FRAGMENT = 65_536;
  private final BlockingQueue<Object> events = new LinkedBlockingQueue<>();
  private final StringBuilder text = new StringBuilder();
  private ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
    text.append(data);
    if (last) {
      events.add(text.toString());
      text.setLength(0);
    }
    socket.request(1);
    return null;
  }

  public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
    byte[] part = new byte[data.remaining()];
    data.get(part);
    bytes.writeBytes(part);
    if (last) {
      events.add(bytes.toByteArray());
      bytes = new ByteArrayOutputStream();
    }
    socket.request(1);
    return null;
  }

  public CompletionStage<?> onPong(WebSocket socket, ByteBuffer data) {
    events.add("pong");
    socket.request(1);
    return null;
  }

  // The answer is sent before the end is told of, for then this program ends.
  public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
    String line = "closed " + code + " " + reason;
    if (socket.isOutputClosed()) events.add(line);
    else socket.sendClose(code, reason).whenComplete((done, error) -> events.add(line));
    return null;
  }

  public void onError(WebSocket socket, Throwable error) {
    events.add("fail " + error);
  }

  private static byte[] pattern(int length, int factor, int modulus) {
    byte[] data = new byte[length];
    IntStream.range(0, length).forEach(i -> data[i] = (byte) (i * factor % modulus));
    return data;
  }

  private void exchange(WebSocket socket, String step, byte[] data) throws InterruptedException {
    int size = data.length > 100_000 ? FRAGMENT : data.length;
    for (int at = 0; at < data.length; at += size) {
      socket.sendBinary(ByteBuffer.wrap(data, at, size), at + size == data.length).join();
    }
    check(step, events.take() instanceof byte[] answer && Arrays.equals(answer, data));
  }

  private static void check(String step, boolean good) {
    System.out.println((good ? "ok " : "fail ") + step);
  }

  public static void main(String[] args) throws InterruptedException {
    Client client = new Client();
    WebSocket socket = HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(URI.create(args[0]), client).join();
    socket.sendText("Grüße, 世界! 😀", true).join();
    check("text", client.events.take().equals("Grüße, 世界! 😀"));
    client.exchange(socket, "binary", pattern(256, 1, 256));
    client.exchange(socket, "large", pattern(70_000, 7, 251));
    client.exchange(socket, "fragmented", pattern(1_048_576, 7, 251));
    socket.sendPing(ByteBuffer.wrap("are you there".getBytes())).join();
    check("ping", client.events.take().equals("pong"));
    if (args[1].equals("client")) socket.sendClose(3001, "done").join();
    else socket.sendText("please close", true).join();
    System.out.println(client.events.take());
    System.exit(0);
  }
}
