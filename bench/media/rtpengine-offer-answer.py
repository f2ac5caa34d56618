import socket,sys,itertools
ctr=itertools.count()
def benc(o):
    if isinstance(o,str): o=o.encode()
    if isinstance(o,bytes): return str(len(o)).encode()+b':'+o
    if isinstance(o,int): return b'i%de'%o
    if isinstance(o,list): return b'l'+b''.join(map(benc,o))+b'e'
    return b'd'+b''.join(benc(k)+benc(o[k]) for k in sorted(o))+b'e'
def bdec(b,i=0):
    c=b[i:i+1]
    if c==b'd':
        i+=1;d={}
        while b[i:i+1]!=b'e':
            k,i=bdec(b,i);v,i=bdec(b,i);d[k.decode()]=v
        return d,i+1
    if c==b'l':
        i+=1;l=[]
        while b[i:i+1]!=b'e':
            v,i=bdec(b,i);l.append(v)
        return l,i+1
    if c==b'i':
        e=b.index(b'e',i);return int(b[i+1:e]),e+1
    c=b.index(b':',i);n=int(b[i:c]);return b[c+1:c+1+n],c+1+n
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.settimeout(2)
def cmd(d):
    s.sendto(b'x%d '%next(ctr)+benc(d),('127.0.0.1',2223));r=s.recv(65000);return bdec(r,r.index(b' ')+1)[0]
def sdp(port): return 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n'%port
import re
n=int(sys.argv[1]); out=open('rtpports.txt','w')
for i in range(n):
    a=6000+2*i; b=8000+2*i
    r=cmd({'command':'offer','call-id':'c%d'%i,'from-tag':'f','sdp':sdp(a),'replace':['origin']})
    pb=int(re.search(rb'm=audio (\d+)',r['sdp']).group(1))
    r=cmd({'command':'answer','call-id':'c%d'%i,'from-tag':'f','to-tag':'t','sdp':sdp(b),'replace':['origin']})
    pa=int(re.search(rb'm=audio (\d+)',r['sdp']).group(1))
    out.write('%d %d %d %d\n'%(a,pa,b,pb))
