# SPDX-License-Identifier: Apache-2.0
"""Makes gRPC calls for tests, with a client that shares nothing with the server that is tested.

Commands come as lines of JSON with an `id`; each is answered by one line with the same `id`. Messages are raw bytes in
base64. Commands run side by side, in any order.

  unary        {channel, target, method, message, metadata?}       -> {code, details, messages}
  collect      as unary, for a server stream that ends             -> {code, details, messages}
  open         as unary, for a server stream that goes on: call    -> {code, details}
  receive      {call, count}: waits for so many messages           -> {code, details, messages}
  close        {call}: ends it and says what else had come         -> {messages}
  send         as unary, with messages: sends them on the stream   -> {code, details, receipts}
               that `channel` keeps open, waits for the receipts
  flood        {target, method, messages, count, window, metadata?}: sends `count` messages, `window` under way
               -> {code, details, receipts, seconds}
  clients      {target, method, messages, count, metadata?}: `count` clients, each on a connection of its own under a
               node's name of its own, send all messages and wait for each receipt; one that loses its connection comes
               back and sends all of them again -> {receipts}: of the last, whole round of each, together
  disconnect   {channel}                                           -> {}
  http         {url, ca?}                                          -> {code, details}: status and body

`security` in a command that names a target: {ca, certificate, key, name}, paths of PEM files.
"""
import base64
import json
import queue
import ssl
import sys
import threading
import time
import urllib.request

import grpc

TIMEOUT = 60
channels, calls, streams = {}, {}, {}
lock = threading.Lock()
output = threading.Lock()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def make_channel(command):
    options = [
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.max_receive_message_length", -1),
        ("grpc.max_send_message_length", -1),
        ("grpc.initial_reconnect_backoff_ms", 100),
    ]
    security = command.get("security")
    if security is None:
        return grpc.insecure_channel(command["target"], options)
    certificate = security.get("certificate")
    credentials = grpc.ssl_channel_credentials(
        read(security["ca"]),
        read(security["key"]) if certificate else None,
        read(certificate) if certificate else None,
    )
    if security.get("name"):
        options.append(("grpc.ssl_target_name_override", security["name"]))
    return grpc.secure_channel(command["target"], credentials, options)


def channel(command):
    with lock:
        name = (command["channel"], command["target"])
        if name not in channels:
            channels[name] = make_channel(command)
        return channels[name]


def metadata(command):
    return [tuple(pair) for pair in command.get("metadata", [])]


def status(error):
    return {"code": error.code().name, "details": error.details() or ""}


def encode(messages):
    return [base64.b64encode(message).decode() for message in messages]


def unary(command):
    method = channel(command).unary_unary(command["method"])
    try:
        answer = method(base64.b64decode(command["message"]), timeout=TIMEOUT, metadata=metadata(command))
    except grpc.RpcError as error:
        return status(error)
    return {"code": "OK", "messages": encode([answer])}


def collect(command):
    method = channel(command).unary_stream(command["method"])
    messages = []
    try:
        call = method(base64.b64decode(command["message"]), timeout=TIMEOUT, metadata=metadata(command))
        for message in call:
            messages.append(message)
    except grpc.RpcError as error:
        return status(error) | {"messages": encode(messages)}
    return {"code": "OK", "messages": encode(messages)}


class Call:
    """A server stream whose messages are read as they come."""

    def __init__(self, command):
        method = channel(command).unary_stream(command["method"])
        self.call = method(base64.b64decode(command["message"]), metadata=metadata(command))
        self.messages = queue.Queue()
        self.thread = threading.Thread(target=self.read, daemon=True)

    def read(self):
        try:
            for message in self.call:
                self.messages.put(message)
            self.messages.put({"code": "OK"})
        except grpc.RpcError as error:
            self.messages.put(status(error))


def open_call(command):
    call = Call(command)
    # Comes when the server has taken the call.
    call.call.initial_metadata()
    call.thread.start()
    if not call.call.is_active():
        ended = call.messages.get(timeout=TIMEOUT)
        if isinstance(ended, dict):
            return ended
        call.messages.put(ended)
    with lock:
        calls[command["call"]] = call
    return {"code": "OK"}


def receive(command):
    call = calls[command["call"]]
    messages = []
    while len(messages) < command["count"]:
        try:
            message = call.messages.get(timeout=command.get("timeout", TIMEOUT))
        except queue.Empty:
            return {"code": "TIMEOUT", "messages": encode(messages)}
        if isinstance(message, dict):
            return message | {"messages": encode(messages)}
        messages.append(message)
    return {"code": "OK", "messages": encode(messages)}


def close(command):
    call = calls.pop(command["call"])
    call.call.cancel()
    call.thread.join()
    left = []
    while not call.messages.empty():
        message = call.messages.get()
        if not isinstance(message, dict):
            left.append(message)
    return {"messages": encode(left)}


class Stream:
    """A stream of messages and their receipts that stays open."""

    def __init__(self, command):
        self.sending = queue.Queue()
        method = channel(command).stream_stream(command["method"])
        self.receipts = method(iter(self.sending.get, None), metadata=metadata(command))


def send(command):
    name = (command["channel"], command["target"], command["method"])
    with lock:
        stream = streams.get(name)
    if stream is None:
        stream = Stream(command)
        with lock:
            streams[name] = stream
    messages = [base64.b64decode(message) for message in command["messages"]]
    for message in messages:
        stream.sending.put(message)
    receipts = []
    try:
        for _ in messages:
            receipts.append(next(stream.receipts))
    except grpc.RpcError as error:
        return status(error) | {"receipts": encode(receipts)}
    return {"code": "OK", "receipts": encode(receipts)}


def flood(command):
    messages = [base64.b64decode(message) for message in command["messages"]]
    count, window = command["count"], threading.Semaphore(command["window"])
    with make_channel(command) as own:
        over = threading.Event()

        def sending():
            for number in range(count):
                window.acquire()
                if over.is_set():
                    return
                yield messages[number % len(messages)]

        receipts, began = 0, time.monotonic()
        try:
            for _ in own.stream_stream(command["method"])(sending(), metadata=metadata(command)):
                receipts += 1
                window.release()
            ended = {"code": "OK"}
        except grpc.RpcError as error:
            ended = status(error)
        over.set()
        window.release()
        return ended | {"count": receipts, "seconds": time.monotonic() - began}


def clients(command):
    messages = [base64.b64decode(message) for message in command["messages"]]
    counts = [0] * command["count"]

    def deliver(number):
        node = [("vibrissa-node", f"node-{number}")]
        while counts[number] < len(messages):
            sending = queue.Queue()
            with make_channel(command) as own:
                receipts = own.stream_stream(command["method"])(
                    iter(sending.get, None), metadata=node, wait_for_ready=True)
                counts[number] = 0
                try:
                    for message in messages:
                        sending.put(message)
                        next(receipts)
                        counts[number] += 1
                except grpc.RpcError:
                    pass
                sending.put(None)

    threads = [threading.Thread(target=deliver, args=[number]) for number in range(command["count"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"code": "OK", "count": sum(counts)}


def http(command):
    context = None
    if command["url"].startswith("https:"):
        context = ssl.create_default_context(cafile=command["ca"])
    try:
        with urllib.request.urlopen(command["url"], context=context, timeout=TIMEOUT) as answer:
            return {"code": str(answer.status), "details": answer.read().decode()}
    except urllib.error.HTTPError as error:
        return {"code": str(error.code), "details": error.read().decode()}
    except OSError as error:
        return {"code": "CLIENT", "details": repr(error)}


def disconnect(command):
    with lock:
        gone = [name for name in channels if name[0] == command["channel"]]
        for name in [name for name in streams if name[0] == command["channel"]]:
            streams.pop(name).sending.put(None)
        closing = [channels.pop(name) for name in gone]
    for one in closing:
        one.close()
    return {}


OPERATIONS = {
    "unary": unary, "collect": collect, "open": open_call, "receive": receive, "close": close,
    "send": send, "flood": flood, "clients": clients, "disconnect": disconnect, "http": http,
}


def answer(command):
    try:
        result = OPERATIONS[command["do"]](command)
    except Exception as error:  # The test that asked must learn of it.
        result = {"code": "CLIENT", "details": repr(error)}
    with output:
        sys.stdout.write(json.dumps(result | {"id": command["id"]}) + "\n")
        sys.stdout.flush()


def main():
    for line in sys.stdin:
        threading.Thread(target=answer, args=[json.loads(line)], daemon=True).start()


main()
